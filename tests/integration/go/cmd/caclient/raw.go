package main

import (
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	ca "istio.io/api/security/v1alpha1"
)

// rawCodec passes bytes through, so that a message no protobuf encoder would write can be sent.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	data, isBytes := v.(*[]byte)
	if !isBytes {
		return nil, fmt.Errorf("%T, should be *[]byte", v)
	}
	return *data, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	into, isBytes := v.(*[]byte)
	if !isBytes {
		return fmt.Errorf("%T, should be *[]byte", v)
	}
	*into = append([]byte(nil), data...)
	return nil
}

// callRaw sends the bytes of a file as the request message.
func callRaw(f *issueFlags, conn *grpc.ClientConn) (*issueResult, error) {
	request, err := os.ReadFile(f.rawFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := f.callContext()
	defer cancel()
	var reply []byte
	err = conn.Invoke(ctx, ca.IstioCertificateService_CreateCertificate_FullMethodName, &request, &reply,
		grpc.ForceCodec(rawCodec{}))
	result := &issueResult{outcome: outcomeOf(err)}
	if err == nil {
		var response ca.IstioCertificateResponse
		if err := proto.Unmarshal(reply, &response); err != nil {
			return nil, err
		}
		result.Chain = response.CertChain
	}
	return result, nil
}
