/**
 * Where copies of the audit trail go, beside its bucket. The forwarder's binding SINKS holds these settings; what is
 * secret in them stands in SINK_SECRETS, by the sink's name.
 */
export type Sink =
  | { readonly kind: "https"; readonly name: string; readonly url: string }
  | { readonly kind: "splunk-hec"; readonly name: string; readonly url: string; readonly index?: string | undefined }
  | { readonly kind: "elastic"; readonly name: string; readonly url: string; readonly index: string }
  | { readonly kind: "otlp"; readonly name: string; readonly url: string }
  | {
      readonly kind: "s3";
      readonly name: string;
      /** Address of the bucket, such as `https://acme-audit.s3.eu-central-1.amazonaws.com`. */
      readonly url: string;
      readonly region: string;
      readonly accessKeyId: string;
    };

/** The secret of each sink by its name: token, API key or secret access key. A sink without one is not in it. */
export type SinkSecrets = Readonly<Record<string, string>>;
