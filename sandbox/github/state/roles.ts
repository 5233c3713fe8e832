/** Repository roles by rising power; the REST API's words for the first and third are pull and push. */
export type Role = "read" | "triage" | "write" | "maintain" | "admin";
