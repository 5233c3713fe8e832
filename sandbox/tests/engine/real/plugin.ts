import * as grpc from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import * as pluginProto from "@pulumi/pulumi/proto/plugin_pb";
import * as providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import * as statusProto from "@pulumi/pulumi/proto/status_pb";
import { SECRET_SIG, SIG } from "../../../engine/values";
import { ProviderError, type Props, type SandboxProvider } from "../../../providers/types";
import { cloudPackage } from "../support/cloud";

// The small cloud as a plugin of the real Pulumi CLI, so that one provider answers both engines.
// CLOUD_DIR is the folder of its things; the first line of standard output is the port, as the CLI expects.

const pkg = cloudPackage(process.env.CLOUD_DIR!);
let provider: SandboxProvider | undefined;

const bag = (struct: Struct | undefined): Props => (struct?.toJavaScript() ?? {}) as Props;
const struct = (props: Props): Struct => Struct.fromJavaScript(props as { [key: string]: JavaScriptValue });
const typeOf = (urn: string): string => urn.split("::")[2]!.split("$").pop()!;

/** Outputs with the secret ones marked, as a plugin answers them. */
function marked(urn: string, outs: Props): Struct {
  const secret = provider!.secretOutputs(typeOf(urn));
  return struct(
    Object.fromEntries(
      Object.entries(outs).map(([key, value]) => [
        key,
        secret.includes(key) ? { [SIG]: SECRET_SIG, value: value as JavaScriptValue } : value,
      ]),
    ),
  );
}

/** A failure as gRPC tells it; a resource that came to be all the same travels in the details. */
function failure(urn: string, error: unknown): Partial<grpc.ServiceError> {
  const message = (error as Error).message;
  const metadata = new grpc.Metadata();
  const partial = error instanceof ProviderError ? error.partial : undefined;
  if (partial) {
    const detail = new proto.ErrorResourceInitFailed()
      .setId(partial.id)
      .setProperties(marked(urn, partial.outs))
      .setInputs(struct(partial.inputs))
      .setReasonsList([...((error as ProviderError).reasons ?? [message])]);
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new statusProto.Status().setCode(grpc.status.UNKNOWN).setMessage(message);
    status.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

const method =
  <Request, Response>(work: (request: Request) => Promise<Response> | Response) =>
  (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const urn = (call.request as { getUrn?(): string }).getUrn?.() ?? "";
          callback(failure(urn, error));
        },
      );
  };

const KINDS = {
  add: proto.PropertyDiff.Kind.ADD,
  "add-replace": proto.PropertyDiff.Kind.ADD_REPLACE,
  delete: proto.PropertyDiff.Kind.DELETE,
  "delete-replace": proto.PropertyDiff.Kind.DELETE_REPLACE,
  update: proto.PropertyDiff.Kind.UPDATE,
  "update-replace": proto.PropertyDiff.Kind.UPDATE_REPLACE,
} as const;

const methods: grpc.UntypedServiceImplementation = {
  getPluginInfo: method(() => new pluginProto.PluginInfo().setVersion(pkg.version)),
  getSchema: method(() => new proto.GetSchemaResponse().setSchema(JSON.stringify({ name: "cloud", version: "1.2.3" }))),
  checkConfig: method((request: proto.CheckRequest) => new proto.CheckResponse().setInputs(request.getNews())),
  diffConfig: method((request: proto.DiffRequest) => {
    const [olds, news] = [bag(request.getOldInputs()), bag(request.getNews())];
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => olds[key] !== news[key]);
    const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
    return new proto.DiffResponse().setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE).setDiffsList(changed);
  }),
  configure: method(async (request: proto.ConfigureRequest) => {
    const { version: _, ...config } = bag(request.getArgs());
    provider = await pkg.create(config, process.env);
    return new proto.ConfigureResponse().setSupportspreview(true);
  }),
  check: method(async (request: proto.CheckRequest) => {
    const { inputs, failures = [] } = await provider!.check(
      request.getUrn(),
      bag(request.getOlds()),
      bag(request.getNews()),
    );
    return new proto.CheckResponse()
      .setInputs(struct(inputs))
      .setFailuresList(
        failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason)),
      );
  }),
  diff: method(async (request: proto.DiffRequest) => {
    const { changes, replaces, deleteBeforeReplace, detailedDiff } = await provider!.diff(
      request.getId(),
      request.getUrn(),
      bag(request.getOlds()),
      bag(request.getOldInputs()),
      bag(request.getNews()),
      request.getIgnorechangesList(),
    );
    const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
    const response = new proto.DiffResponse()
      .setChanges(changes ? DIFF_SOME : DIFF_NONE)
      .setReplacesList(replaces)
      .setDiffsList([...new Set(Object.keys(detailedDiff).map((path) => path.split(/[.[]/)[0]!))])
      .setHasdetaileddiff(true)
      .setDeletebeforereplace(deleteBeforeReplace ?? false);
    for (const [path, { kind, inputDiff }] of Object.entries(detailedDiff))
      response.getDetaileddiffMap().set(path, new proto.PropertyDiff().setKind(KINDS[kind]).setInputdiff(inputDiff));
    return response;
  }),
  create: method(async (request: proto.CreateRequest) => {
    const { id, outs } = await provider!.create(request.getUrn(), bag(request.getProperties()), request.getPreview());
    return new proto.CreateResponse().setId(id).setProperties(marked(request.getUrn(), outs));
  }),
  read: method(async (request: proto.ReadRequest) => {
    const found = await provider!.read(request.getId(), request.getUrn(), bag(request.getProperties()));
    const response = new proto.ReadResponse();
    if (found.id === undefined) return response;
    return response
      .setId(found.id)
      .setProperties(marked(request.getUrn(), found.props ?? {}))
      .setInputs(struct(found.inputs ?? {}));
  }),
  update: method(async (request: proto.UpdateRequest) => {
    const { outs } = await provider!.update(
      request.getId(),
      request.getUrn(),
      bag(request.getOlds()),
      bag(request.getOldInputs()),
      bag(request.getNews()),
      request.getPreview(),
    );
    return new proto.UpdateResponse().setProperties(marked(request.getUrn(), outs));
  }),
  delete: method(async (request: proto.DeleteRequest) => {
    await provider!.delete(request.getId(), request.getUrn(), bag(request.getProperties()));
    return new Empty();
  }),
  invoke: method(async (request: proto.InvokeRequest) => {
    const { result, failures = [] } = await provider!.invoke(request.getTok(), bag(request.getArgs()));
    return new proto.InvokeResponse()
      .setReturn(struct(result))
      .setFailuresList(
        failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason)),
      );
  }),
  cancel: method(() => new Empty()),
  attach: method(() => new Empty()),
};

const server = new grpc.Server();
server.addService(providerRpc.ResourceProviderService as unknown as grpc.ServiceDefinition, methods);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
