/** What whoever deploys the gate must know of it. */

/** The Worker runtime's behaviour is fixed to this day; redirects drop Authorization from 2025-09-01 on. */
export const COMPATIBILITY_DATE = "2026-03-01";
/** Class of the Durable Object that counts, revokes and orders. */
export const LEDGER_CLASS = "Ledger";
