package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// newKey makes a key of the named kind: p256, p384, p521, ed25519, or rsa with its bits.
func newKey(kind string) (crypto.Signer, error) {
	if bits, isRSA := strings.CutPrefix(kind, "rsa"); isRSA {
		size, err := strconv.Atoi(bits)
		if err != nil {
			return nil, fmt.Errorf("key kind %q, should be rsa with its bits", kind)
		}
		return rsa.GenerateKey(rand.Reader, size)
	}
	switch kind {
	case "p224":
		return ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case "p256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("key kind %q is not known", kind)
}

// csrRequest is what a CSR asks for, beside its key.
type csrRequest struct {
	commonName string
	uris, dns  []string
}

// newCSR makes a signed request in PEM.
func newCSR(key crypto.Signer, request csrRequest) (string, error) {
	template := &x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: request.commonName},
		DNSNames: request.dns,
	}
	for _, text := range request.uris {
		uri, err := url.Parse(text)
		if err != nil {
			return "", err
		}
		template.URIs = append(template.URIs, uri)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return "", err
	}
	return encodePEM("CERTIFICATE REQUEST", der), nil
}

// keyPEM is the key in PKCS#8.
func keyPEM(key crypto.Signer) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return encodePEM("PRIVATE KEY", der), nil
}

func encodePEM(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}
