/** OpenTelemetry's own protobuf classes. The package does not export them, so they are taken by their file. */
interface MessageClass {
  fromObject(json: unknown): unknown;
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, how: unknown): unknown;
}

export const root = jest.requireActual<{
  opentelemetry: { proto: { collector: { logs: { v1: { ExportLogsServiceRequest: MessageClass } } } } };
}>("@opentelemetry/otlp-transformer/build/src/generated/root.js");
