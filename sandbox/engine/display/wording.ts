import type { Op, Severity } from "../events";

/** The two characters that stand before a resource. */
export const PREFIX: Record<Op, string> = {
  same: "  ",
  create: "+ ",
  delete: "- ",
  update: "~ ",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  read: "> ",
  "read-replacement": ">>",
  refresh: "~ ",
  discard: "< ",
  "discard-replaced": "<<",
  import: "= ",
  "import-replacement": "=>",
  "remove-pending-replace": "~ ",
};

/** What a preview says. */
export const PLANNED: Record<Op, string> = {
  same: "",
  create: "create",
  delete: "delete",
  update: "update",
  replace: "replace",
  "create-replacement": "create replacement",
  "delete-replaced": "delete original",
  read: "read",
  "read-replacement": "read for replacement",
  refresh: "refreshing",
  discard: "discard",
  "discard-replaced": "discard original",
  import: "import",
  "import-replacement": "import replacement",
  "remove-pending-replace": "",
};

export const DOING: Record<Op, string> = {
  same: "",
  create: "creating",
  delete: "deleting",
  update: "updating",
  replace: "replacing",
  "create-replacement": "creating replacement",
  "delete-replaced": "deleting original",
  read: "reading",
  "read-replacement": "reading for replacement",
  refresh: "refreshing",
  discard: "discarding",
  "discard-replaced": "discarding original",
  import: "importing",
  "import-replacement": "importing replacement",
  "remove-pending-replace": "",
};

export const DONE: Record<Op, string> = {
  same: "",
  create: "created",
  delete: "deleted",
  update: "updated",
  replace: "replaced",
  "create-replacement": "created replacement",
  "delete-replaced": "deleted original",
  read: "read",
  "read-replacement": "read for replacement",
  refresh: "refresh",
  discard: "discarded",
  "discard-replaced": "discarded original",
  import: "imported",
  "import-replacement": "imported replacement",
  "remove-pending-replace": "",
};

export const FAILED: Record<Op, string> = {
  same: "failed",
  create: "creating failed",
  delete: "deleting failed",
  update: "updating failed",
  replace: "replacing failed",
  "create-replacement": "creating failed",
  "delete-replaced": "deleting failed",
  read: "reading failed",
  "read-replacement": "reading failed",
  refresh: "refreshing failed",
  discard: "discarding failed",
  "discard-replaced": "discarding failed",
  import: "importing failed",
  "import-replacement": "importing failed",
  "remove-pending-replace": "",
};

/** What a summary says of what was done; a preview says the operation's own name. */
export const COUNTED: Record<Op, string> = {
  ...DONE,
  same: "same",
  "create-replacement": "create-replacementd",
  "delete-replaced": "deleted",
  refresh: "refreshed",
  "discard-replaced": "discarded",
  "import-replacement": "imported",
};

export const SEVERITY_PREFIX: Record<Severity, string> = {
  debug: "debug: ",
  info: "",
  "info#err": "",
  warning: "warning: ",
  error: "error: ",
};
