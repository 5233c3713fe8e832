import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engineProto from "@pulumi/pulumi/proto/engine_pb";
import * as providerProto from "@pulumi/pulumi/proto/provider_pb";
import * as resourceRpc from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import type { Deployment } from "./deployment";
import { UnsupportedError, messageOf } from "./errors";
import type { Severity } from "./events";
import { StepFailed, type Run } from "./run";
import { fromWireBag } from "./values";
import { goalOf, MESSAGE_LIMITS, readGoalOf, struct } from "./wire";

/**
 * What the program may rely on; asking for hooks or transforms is answered yes so that their use is refused by name.
 */
const FEATURES = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
  "transforms",
  "invokeTransforms",
  "resourceHooks",
  "errorHooks",
  "parameterization",
]);
const SEVERITIES: Record<number, Severity> = { 0: "debug", 1: "info", 2: "warning", 3: "error" };

type Handler<Request, Response> = (request: Request) => Promise<Response>;

/** The two gRPC services that a Pulumi program talks to, for one run. */
export class Monitor {
  private readonly server = new grpc.Server(MESSAGE_LIMITS);
  private readonly packages = new Map<string, { name: string; version: string; downloadUrl: string }>();
  private rootUrn = "";
  private lastRequest = Date.now();

  constructor(
    private readonly run: Run,
    private readonly deployment: Deployment,
    private readonly projectDir: string,
  ) {}

  /** Milliseconds since the program last asked for anything. */
  get silence(): number {
    return Date.now() - this.lastRequest;
  }

  /** Listens on a loopback port of the system's choice and tells its address. */
  async start(): Promise<string> {
    this.server.addService(
      resourceRpc.ResourceMonitorService as unknown as grpc.ServiceDefinition,
      this.monitorMethods(),
    );
    this.server.addService(engineRpc.EngineService as unknown as grpc.ServiceDefinition, this.engineMethods());
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return `127.0.0.1:${port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  /** Wraps a method: a step that failed and was reported is never answered, as the program is about to be ended. */
  private unary<Request, Response>(handler: Handler<Request, Response>) {
    return (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>): void => {
      this.lastRequest = Date.now();
      handler(call.request).then(
        (response) => callback(null, response),
        (error: unknown) => {
          if (error instanceof StepFailed) return;
          callback({
            code: error instanceof UnsupportedError ? grpc.status.UNIMPLEMENTED : grpc.status.UNKNOWN,
            details: messageOf(error),
          });
        },
      );
    };
  }

  /**
   * A registration: counted as work under way, refused once the run has stopped, its errors reported against the
   * resource.
   */
  private async registering<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.run.stopped) throw new StepFailed("stopped");
    try {
      return await this.run.track(work);
    } catch (error) {
      if (!(error instanceof StepFailed)) {
        this.run.fail(`${name}: ${messageOf(error)}`);
        throw new StepFailed(messageOf(error));
      }
      throw error;
    }
  }

  private packageOf(ref: string, version: string, downloadUrl: string): { version: string; downloadUrl: string } {
    return this.packages.get(ref) ?? { version, downloadUrl };
  }

  private monitorMethods(): grpc.UntypedServiceImplementation {
    const refuse = (what: string) =>
      this.unary(() => {
        const error = new UnsupportedError(what);
        this.run.fail(error.message);
        return Promise.reject<Empty>(error);
      });
    return {
      supportsFeature: this.unary((request: resourceProto.SupportsFeatureRequest) =>
        Promise.resolve(new resourceProto.SupportsFeatureResponse().setHassupport(FEATURES.has(request.getId()))),
      ),
      registerResource: this.unary((request: resourceProto.RegisterResourceRequest) =>
        this.registering(`${request.getType()} "${request.getName()}"`, () => this.register(request)),
      ),
      readResource: this.unary((request: resourceProto.ReadResourceRequest) =>
        this.registering(`${request.getType()} "${request.getName()}"`, () => this.read(request)),
      ),
      registerResourceOutputs: this.unary(async (request: resourceProto.RegisterResourceOutputsRequest) => {
        await this.deployment.registerOutputs(request.getUrn(), fromWireBag(request.getOutputs()?.toJavaScript()));
        return new Empty();
      }),
      invoke: this.unary((request: resourceProto.ResourceInvokeRequest) => this.run.track(() => this.invoke(request))),
      call: this.unary((request: resourceProto.ResourceCallRequest) => {
        const error = new UnsupportedError(`method call ${request.getTok()}`);
        this.run.fail(error.message);
        return Promise.reject<providerProto.CallResponse>(error);
      }),
      registerPackage: this.unary((request: resourceProto.RegisterPackageRequest) => {
        if (request.getParameterization()) {
          const error = new UnsupportedError(`parameterized package ${request.getParameterization()!.getName()}`);
          this.run.fail(error.message);
          return Promise.reject(error);
        }
        const ref = `${request.getName()}@${request.getVersion()}`;
        this.packages.set(ref, {
          name: request.getName(),
          version: request.getVersion(),
          downloadUrl: request.getDownloadUrl(),
        });
        return Promise.resolve(new resourceProto.RegisterPackageResponse().setRef(ref));
      }),
      getDeploymentInfo: this.unary(() => {
        const { project, stack, parallel } = this.run.options;
        return Promise.resolve(
          new resourceProto.DeploymentInfo()
            .setProject(project)
            .setStack(stack)
            .setOrganization("organization")
            .setDryrun(this.run.preview)
            .setParallel(parallel),
        );
      }),
      signalAndWaitForShutdown: this.unary(() => Promise.resolve(new Empty())),
      registerStackTransform: refuse("stack transforms (registerResourceTransform)"),
      registerStackInvokeTransform: refuse("invoke transforms (registerInvokeTransform)"),
      registerResourceHook: refuse("resource hooks (ResourceHook)"),
      registerErrorHook: refuse("error hooks (ErrorHook)"),
    };
  }

  private async register(
    request: resourceProto.RegisterResourceRequest,
  ): Promise<resourceProto.RegisterResourceResponse> {
    const goal = goalOf(request, this.projectDir);
    const { version, downloadUrl } = this.packageOf(request.getPackageref(), goal.version, goal.pluginDownloadURL);
    const { urn, id, outputs } = await this.deployment.register({ ...goal, version, pluginDownloadURL: downloadUrl });
    return new resourceProto.RegisterResourceResponse()
      .setUrn(urn)
      .setId(id)
      .setObject(struct(goal.custom ? outputs : {}));
  }

  private async read(request: resourceProto.ReadResourceRequest): Promise<resourceProto.ReadResourceResponse> {
    const goal = readGoalOf(request, this.projectDir);
    const { version, downloadUrl } = this.packageOf(request.getPackageref(), goal.version, goal.pluginDownloadURL);
    const { urn, outputs } = await this.deployment.read({ ...goal, version, pluginDownloadURL: downloadUrl });
    return new resourceProto.ReadResourceResponse().setUrn(urn).setProperties(struct(outputs));
  }

  private async invoke(request: resourceProto.ResourceInvokeRequest): Promise<providerProto.InvokeResponse> {
    const { version, downloadUrl } = this.packageOf(
      request.getPackageref(),
      request.getVersion(),
      request.getPlugindownloadurl(),
    );
    const args = fromWireBag(request.getArgs()?.toJavaScript());
    const { result, failures } = await this.deployment
      .invoke(request.getTok(), args, request.getProvider(), version, downloadUrl)
      .catch((error: unknown) => {
        throw new Error(`invocation of ${request.getTok()} returned an error: ${messageOf(error)}`);
      });
    const response = new providerProto.InvokeResponse();
    if (failures.length > 0)
      response.setFailuresList(
        failures.map(({ property, reason }) =>
          new providerProto.CheckFailure().setProperty(property).setReason(reason),
        ),
      );
    else response.setReturn(struct(result));
    return response;
  }

  private engineMethods(): grpc.UntypedServiceImplementation {
    return {
      log: this.unary((request: engineProto.LogRequest) => {
        // The SDK's debug messages spell out every property, secrets in clear: they are dropped here and never kept.
        if (request.getSeverity() !== engineProto.LogSeverity.DEBUG)
          this.run.diagnose({
            severity: SEVERITIES[request.getSeverity()] ?? "info",
            message: request.getMessage(),
            streamId: request.getStreamid(),
            ephemeral: request.getEphemeral(),
            ...(request.getUrn() ? { urn: request.getUrn() } : {}),
          });
        return Promise.resolve(new Empty());
      }),
      getRootResource: this.unary(() =>
        Promise.resolve(new engineProto.GetRootResourceResponse().setUrn(this.rootUrn)),
      ),
      setRootResource: this.unary((request: engineProto.SetRootResourceRequest) => {
        this.rootUrn = request.getUrn();
        return Promise.resolve(new engineProto.SetRootResourceResponse());
      }),
      startDebugging: this.unary(() => Promise.reject<Empty>(new UnsupportedError("debugging the program"))),
      requirePulumiVersion: this.unary(() => Promise.resolve(new engineProto.RequirePulumiVersionResponse())),
    };
  }
}
