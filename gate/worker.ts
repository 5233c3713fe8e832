/** The gate: the one place through which the agent reaches private code. */
export default {
  async fetch(_request: Request): Promise<Response> {
    return new Response(null, { status: 503 });
  },
  async scheduled(): Promise<void> {},
};
