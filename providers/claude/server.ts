import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import * as pluginProto from "@pulumi/pulumi/proto/plugin_pb";
import * as providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { fieldFailures, type Failure } from "./decisions/check";
import { rootOf, type ChangeKind } from "./decisions/diff";
import { secretPaths } from "./decisions/secrets";
import { Service, settingsFrom } from "./effects/service";
import { modelOf, typeOfUrn } from "./model";
import { isObject, UNKNOWN, type Json } from "./model/field";
import { SETTINGS } from "./model/settings";
import { version } from "./package.json";
import { ClaudeProvider } from "./provider";
import schema from "./schema.json";

/** Pulumi's marks for a secret and for values that are not known yet, by kind of value. */
const SECRET_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWNS = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/**
 * Serves the provider to Pulumi's engine. Not by `pulumi.provider.main`: that one hands neither the configuration nor
 * old inputs nor previews on, and answers no detailed differences.
 */
export async function serve(): Promise<{ port: number; close(): void }> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  server.addService(providerRpc.ResourceProviderService as unknown as grpc.ServiceDefinition, handlers());
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, close: () => server.forceShutdown() };
}

function handlers(): grpc.UntypedServiceImplementation {
  let configured: ClaudeProvider | undefined;
  const provider = (): ClaudeProvider =>
    (configured ??= new ClaudeProvider(new Service(settingsFrom({}, process.env))));

  return {
    getSchema: unary(() => answer(new proto.GetSchemaResponse(), (to) => to.setSchema(JSON.stringify(schema)))),
    getPluginInfo: unary(() => answer(new pluginProto.PluginInfo(), (to) => to.setVersion(version))),
    cancel: unary(() => new Empty()),
    attach: unary(() => new Empty()),

    checkConfig: unary((request: proto.CheckRequest) => {
      const { version: _, ...news } = plain(request.getNews());
      const texts = Object.fromEntries(Object.entries(news).filter(([name]) => !name.startsWith("__")));
      return checked({ inputs: plain(request.getNews()), failures: fieldFailures(SETTINGS, texts, "") }, ["apiKey"]);
    }),
    diffConfig: unary((request: proto.DiffRequest) => {
      const same = JSON.stringify(plain(request.getOldInputs())) === JSON.stringify(plain(request.getNews()));
      const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
      return answer(new proto.DiffResponse(), (to) => to.setChanges(same ? DIFF_NONE : DIFF_SOME));
    }),
    configure: unary((request: proto.ConfigureRequest) => {
      configured = new ClaudeProvider(new Service(settingsFrom(plain(request.getArgs()), process.env)));
      return answer(new proto.ConfigureResponse(), (to) => {
        // The engine takes secrets out before a call and marks them again afterwards.
        to.setAcceptsecrets(false);
        to.setSupportspreview(true);
      });
    }),

    check: unary((request: proto.CheckRequest) => {
      const urn = request.getUrn();
      return checked(provider().check(urn, plain(request.getNews())), secretsOf(urn));
    }),
    diff: unary((request: proto.DiffRequest) => {
      const found = provider().diff(
        request.getId(),
        request.getUrn(),
        plain(request.getOldInputs()),
        plain(request.getNews()),
        request.getIgnorechangesList(),
      );
      return answer(new proto.DiffResponse(), (to) => {
        const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
        const paths = Object.keys(found.changes);
        to.setChanges(paths.length > 0 ? DIFF_SOME : DIFF_NONE);
        to.setReplacesList([...found.replaces]);
        to.setDiffsList([...new Set(paths.map(rootOf))]);
        to.setDeletebeforereplace(found.deleteBeforeReplace);
        to.setHasdetaileddiff(true);
        for (const [path, kind] of Object.entries(found.changes)) {
          const detail = new proto.PropertyDiff();
          detail.setKind(KINDS[kind]);
          detail.setInputdiff(true);
          to.getDetaileddiffMap().set(path, detail);
        }
      });
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const urn = request.getUrn();
      const { id, outs } = await provider().create(urn, plain(request.getProperties()), request.getPreview());
      return answer(new proto.CreateResponse(), (to) => {
        to.setId(id);
        to.setProperties(struct(outs, secretsOf(urn)));
      });
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const urn = request.getUrn();
      const found = await provider().read(request.getId(), urn, plain(request.getInputs()));
      return answer(new proto.ReadResponse(), (to) => {
        to.setId(found.id ?? "");
        to.setProperties(struct(found.outs ?? {}, secretsOf(urn)));
        to.setInputs(struct(found.inputs ?? {}, secretsOf(urn)));
      });
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const urn = request.getUrn();
      const outs = await provider().update(request.getId(), urn, {
        outs: plain(request.getOlds()),
        olds: plain(request.getOldInputs()),
        news: plain(request.getNews()),
        preview: request.getPreview(),
      });
      return answer(new proto.UpdateResponse(), (to) => to.setProperties(struct(outs, secretsOf(urn))));
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      await provider().delete(request.getId(), request.getUrn());
      return new Empty();
    }),
    invoke: unary(async (request: proto.InvokeRequest) => {
      const { result, failures } = await provider().invoke(request.getTok(), plain(request.getArgs()));
      return answer(new proto.InvokeResponse(), (to) => {
        to.setReturn(struct(result, []));
        to.setFailuresList(failures.map(checkFailure));
      });
    }),
  };
}

const KINDS: Readonly<Record<ChangeKind, proto.PropertyDiff.Kind>> = {
  add: proto.PropertyDiff.Kind.ADD,
  "add-replace": proto.PropertyDiff.Kind.ADD_REPLACE,
  delete: proto.PropertyDiff.Kind.DELETE,
  "delete-replace": proto.PropertyDiff.Kind.DELETE_REPLACE,
  update: proto.PropertyDiff.Kind.UPDATE,
  "update-replace": proto.PropertyDiff.Kind.UPDATE_REPLACE,
};

const secretsOf = (urn: string): string[] => secretPaths(modelOf(typeOfUrn(urn))?.inputs ?? {});

/** A call's answer, or its failure as one sentence without a stack. */
function unary<Request, Response>(handle: (request: Request) => Response | Promise<Response>) {
  return (call: { request: Request }, callback: grpc.sendUnaryData<Response>): void => {
    void Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) =>
          callback({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
      );
  };
}

function answer<T>(message: T, fill: (message: T) => void): T {
  fill(message);
  return message;
}

function checked({ inputs, failures }: { inputs: Json; failures: Failure[] }, secrets: string[]): proto.CheckResponse {
  return answer(new proto.CheckResponse(), (to) => {
    to.setInputs(struct(inputs, secrets));
    to.setFailuresList(failures.map(checkFailure));
  });
}

const checkFailure = ({ property, reason }: Failure): proto.CheckFailure =>
  answer(new proto.CheckFailure(), (to) => {
    to.setProperty(property);
    to.setReason(reason);
  });

/** Properties of a message as plain values. */
function plain(from: Struct | undefined): Json {
  const value = unmarked(from?.toJavaScript() ?? {});
  return isObject(value) ? value : {};
}

function unmarked(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWNS.has(value) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(unmarked);
  if (!isObject(value)) return value;
  if (value[SECRET_KEY] === SECRET_MARK) return unmarked(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unmarked(inner)]));
}

/** Plain values as a message has them, with the texts at these paths marked as secrets. */
function struct(values: Json, secrets: readonly string[]): Struct {
  return Struct.fromJavaScript(marked(values, secrets, "") as { [key: string]: JavaScriptValue });
}

function marked(value: unknown, secrets: readonly string[], path: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => marked(item, [], ""));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .map(([key, inner]) => [key, marked(inner, secrets, path === "" ? key : `${path}.${key}`)]),
    );
  return secrets.includes(path) && value !== UNKNOWN ? { [SECRET_KEY]: SECRET_MARK, value } : value;
}
