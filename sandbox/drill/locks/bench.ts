import { type Door, GitClient, type Outcome } from "../door";

/**
 * One clone of a repository, from which every door pushes: cloning for each attempt would take most of the drill's time.
 * Commits lie loose on the default branch's head, so attempts do not build on each other.
 */
export class Bench {
  private constructor(
    private readonly git: GitClient,
    readonly remote: string,
    readonly base: string,
    private readonly parent: string,
  ) {}

  /** @param door an administrator's, straight to GitHub */
  static async open(door: Door, repository: string): Promise<Bench> {
    const git = await GitClient.open(door);
    const must = async (...args: string[]): Promise<string> => {
      const ran = await git.run(...args);
      if (!ran.ok) throw new Error(`git ${args[0]} of ${repository} failed: ${ran.text}`);
      return ran.text.trim();
    };
    await must("clone", "--quiet", `${door.git}/${repository}.git`, ".");
    return new Bench(git, repository, await must("rev-parse", "HEAD"), await must("rev-parse", "HEAD~1"));
  }

  /** A commit that changes one file, on the default branch's head. */
  async commit(path: string, content: string): Promise<string> {
    await this.git.run("checkout", "--quiet", "--force", "--detach", this.base);
    await this.git.write(path, content);
    return (await this.git.run("rev-parse", "HEAD")).text.trim();
  }

  /** A commit beside the default branch's head: pushing it there rewrites history. */
  async rewritten(path: string, content: string): Promise<string> {
    await this.git.run("checkout", "--quiet", "--force", "--detach", this.parent);
    await this.git.write(path, content);
    return (await this.git.run("rev-parse", "HEAD")).text.trim();
  }

  /** Pushes `object` to `ref` through a door; an empty object deletes. */
  push(door: Door, object: string, ref: string, ...options: string[]): Promise<Outcome> {
    return this.git
      .through(door)
      .run("push", "--quiet", ...options, `${door.git}/${this.remote}.git`, `${object}:${ref}`);
  }

  /** Lists the branches of any repository. */
  list(door: Door, repository: string): Promise<Outcome> {
    return this.git.through(door).run("ls-remote", "--quiet", `${door.git}/${repository}.git`);
  }

  close(): Promise<void> {
    return this.git.close();
  }
}
