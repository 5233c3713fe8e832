export { TokenStore, type TokenStoreArgs } from "./tokenStore";
