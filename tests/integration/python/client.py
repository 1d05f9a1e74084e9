"""A certificate from signet with grpcio, over mutual TLS or with a token. The messages come from the server's reflection.

Usage: client.py HOST:PORT ROOTS CSR [--cert CHAIN --key KEY] [--token TOKEN] [--seconds N] [--times N]
Prints one JSON line: the chain, or the status and its message, with what it tells of retrying.
"""
import argparse
import json

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import RetryInfo
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from grpc_status import rpc_status


def read(path):
    with open(path, "rb") as file:
        return file.read()


def retry_of(error):
    """Milliseconds of google.rpc.RetryInfo and of the pushback trailer, when there are any."""
    status = rpc_status.from_call(error)
    info = RetryInfo()
    told = [each for each in status.details if each.Unpack(info)] if status else []
    pushback = dict(error.trailing_metadata() or ()).get("grpc-retry-pushback-ms")
    if not told and pushback is None:
        return {}
    return {"retryMs": info.retry_delay.ToMilliseconds(), "pushbackMs": int(pushback or -1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("roots")
    parser.add_argument("csr")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--token")
    parser.add_argument("--times", type=int, default=1, help="calls, until one fails")
    parser.add_argument("--seconds", type=int, default=600)
    args = parser.parse_args()
    credentials = grpc.ssl_channel_credentials(
        read(args.roots),
        read(args.key) if args.key else None,
        read(args.cert) if args.cert else None,
    )
    with grpc.secure_channel(args.address, credentials) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        service = DescriptorPool(database).FindServiceByName(
            "istio.v1.auth.IstioCertificateService"
        )
        method = service.methods_by_name["CreateCertificate"]
        request = GetMessageClass(method.input_type)(
            csr=read(args.csr).decode(), validity_duration=args.seconds
        )
        call = channel.unary_unary(
            f"/{service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        metadata = [("authorization", f"Bearer {args.token}")] if args.token else []
        try:
            for _ in range(args.times):
                answer = call(request, metadata=metadata, timeout=20)
            print(json.dumps({"status": "OK", "chain": list(answer.cert_chain)}))
        except grpc.RpcError as error:
            outcome = {"status": error.code().name, "message": error.details()}
            print(json.dumps(outcome | retry_of(error)))


main()
