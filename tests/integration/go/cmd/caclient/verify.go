package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// verdict is what crypto/x509 says of a chain.
type verdict struct {
	Verified     bool     `json:"verified"`
	Error        string   `json:"error,omitempty"`
	Subject      string   `json:"subject"`
	URIs         []string `json:"uris"`
	DNSNames     []string `json:"dnsNames"`
	IPs          []string `json:"ips"`
	NotBefore    string   `json:"notBefore"`
	NotAfter     string   `json:"notAfter"`
	Serial       string   `json:"serial"`
	PublicKey    string   `json:"publicKeyAlgorithm"`
	Signature    string   `json:"signatureAlgorithm"`
	KeyUsage     int      `json:"keyUsage"`
	IsCA         bool     `json:"isCA"`
	SubjectKeyID string   `json:"subjectKeyId"`
	IssuerKeyID  string   `json:"authorityKeyId"`
	ChainLength  int      `json:"chainLength"`
}

// parseCertificates reads every CERTIFICATE block and refuses other text between them.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		block, after := pem.Decode(rest)
		if block == nil {
			return nil, errors.New("text that is no PEM")
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %q, should be CERTIFICATE", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found, rest = append(found, certificate), after
	}
	if len(found) == 0 {
		return nil, errors.New("no certificate")
	}
	return found, nil
}

// judge verifies the first certificate of chain to roots, once for each extended key usage that is asked for.
func judge(chain, roots []*x509.Certificate, dnsName string, usages []x509.ExtKeyUsage) verdict {
	leaf := chain[0]
	result := describe(leaf)
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: dnsName}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, issuer := range chain[1:] {
		options.Intermediates.AddCert(issuer)
	}
	for _, usage := range usages {
		options.KeyUsages = []x509.ExtKeyUsage{usage}
		chains, err := leaf.Verify(options)
		if err != nil {
			result.Error = fmt.Sprintf("extended key usage %d: %v", usage, err)
			return result
		}
		result.ChainLength = len(chains[0])
	}
	for _, root := range roots {
		if err := root.CheckSignatureFrom(root); err != nil {
			result.Error = fmt.Sprintf("root %s: %v", root.Subject, err)
			return result
		}
	}
	result.Verified = true
	return result
}

func describe(c *x509.Certificate) verdict {
	result := verdict{
		Subject: c.Subject.String(), URIs: []string{}, DNSNames: append([]string{}, c.DNSNames...), IPs: []string{},
		NotBefore: c.NotBefore.UTC().Format(time.RFC3339), NotAfter: c.NotAfter.UTC().Format(time.RFC3339),
		Serial: c.SerialNumber.Text(16), PublicKey: c.PublicKeyAlgorithm.String(),
		Signature: c.SignatureAlgorithm.String(), KeyUsage: int(c.KeyUsage), IsCA: c.IsCA,
		SubjectKeyID: fmt.Sprintf("%x", c.SubjectKeyId), IssuerKeyID: fmt.Sprintf("%x", c.AuthorityKeyId),
	}
	for _, uri := range c.URIs {
		result.URIs = append(result.URIs, uri.String())
	}
	for _, ip := range c.IPAddresses {
		result.IPs = append(result.IPs, ip.String())
	}
	return result
}

func parseUsages(names string) ([]x509.ExtKeyUsage, error) {
	known := map[string]x509.ExtKeyUsage{
		"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth, "any": x509.ExtKeyUsageAny,
	}
	var usages []x509.ExtKeyUsage
	for _, name := range strings.Split(names, ",") {
		usage, found := known[name]
		if !found {
			return nil, fmt.Errorf("-eku %q, should be server, client or any", name)
		}
		usages = append(usages, usage)
	}
	return usages, nil
}

func runVerify(args []string) (any, error) {
	fs := newFlags("verify")
	roots := fs.String("roots", "", "PEM file of the roots")
	chain := fs.String("chain", "", "PEM file of the chain, leaf first")
	dnsName := fs.String("dns", "", "name the leaf must carry")
	usageNames := fs.String("eku", "server,client", "extended key usages, each checked by itself")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	usages, err := parseUsages(*usageNames)
	if err != nil {
		return nil, err
	}
	rootList, err := readCertificates(*roots)
	if err != nil {
		return nil, err
	}
	chainList, err := readCertificates(*chain)
	if err != nil {
		return nil, err
	}
	return judge(chainList, rootList, *dnsName, usages), nil
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	certificates, err := parseCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return certificates, nil
}
