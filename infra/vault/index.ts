export { TokenStore, type TokenStoreArgs, type WorkerSignIn } from "./tokenStore";
