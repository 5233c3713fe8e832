/** Hosts of the machine itself, as part of a pattern. What is sent there leaves for no network, so it needs no TLS. */
export const LOOPBACK = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])`;
