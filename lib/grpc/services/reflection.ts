/**
 * gRPC server reflection, v1 and v1alpha: the two have the same messages under two names, so one function answers both.
 * Extensions are proto2's; signet's services have none.
 */
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { createRegistry, type Registry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { quote } from "../../base/mod.ts";
import type { ServerReflectionRequest } from "../../../proto/gen/grpc/reflection/v1/reflection_pb.ts";

/** What a request asks, in either version. */
export type ReflectionQuestion = ServerReflectionRequest["messageRequest"];

/** The answer to one question, in the shape that both versions' responses are made from. */
export type ReflectionAnswer =
  | {
    readonly case: "fileDescriptorResponse";
    readonly value: { fileDescriptorProto: Uint8Array[] };
  }
  | { readonly case: "listServicesResponse"; readonly value: { service: { name: string }[] } }
  | {
    readonly case: "allExtensionNumbersResponse";
    readonly value: { baseTypeName: string; extensionNumber: number[] };
  }
  | { readonly case: "errorResponse"; readonly value: { errorCode: number; errorMessage: string } };

/** Answers questions about `services`. */
export function createReflection(
  services: readonly DescService[],
): (question: ReflectionQuestion) => ReflectionAnswer {
  const files = new Map<string, DescFile>();
  for (const service of services) addFile(service.file, files);
  const registry = createRegistry(...files.values());
  const names = services.map((service) => ({ name: service.typeName })).sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
  return (question) => {
    switch (question.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: names } };
      case "fileByFilename":
        return describe(files.get(`${question.value}`), question.value);
      case "fileContainingSymbol":
        return describe(fileOf(registry, question.value), question.value);
      case "allExtensionNumbersOfType":
        return registry.getMessage(question.value) === undefined ? notFound(question.value) : {
          case: "allExtensionNumbersResponse",
          value: { baseTypeName: question.value, extensionNumber: [] },
        };
      case "fileContainingExtension":
        return notFound(question.value.containingType);
      default:
        return failure(Code.InvalidArgument, "no request is set");
    }
  };
}

function addFile(file: DescFile, files: Map<string, DescFile>): void {
  files.set(`${file.name}.proto`, file);
  for (const dependency of file.dependencies) addFile(dependency, files);
}

/** The file of a service, method, message, field or enum. */
function fileOf(registry: Registry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol);
  if (found !== undefined) return found.file;
  const dot = symbol.lastIndexOf(".");
  const parent = dot < 0 ? undefined : registry.get(symbol.slice(0, dot));
  const member = symbol.slice(dot + 1);
  switch (parent?.kind) {
    case "service":
      return parent.methods.some((method) => method.name === member) ? parent.file : undefined;
    case "message":
      return parent.fields.some((field) => field.name === member) ? parent.file : undefined;
    case "enum":
      return parent.values.some((value) => value.name === member) ? parent.file : undefined;
    default:
      return undefined;
  }
}

/** A file and everything that it imports, the file first. */
function describe(file: DescFile | undefined, asked: string): ReflectionAnswer {
  if (file === undefined) return notFound(asked);
  const wanted = new Map<string, DescFile>();
  addFile(file, wanted);
  const fileDescriptorProto = [...wanted.values()].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto)
  );
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(asked: string): ReflectionAnswer {
  return failure(Code.NotFound, `not found: ${quote(asked)}`);
}

function failure(errorCode: number, errorMessage: string): ReflectionAnswer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
