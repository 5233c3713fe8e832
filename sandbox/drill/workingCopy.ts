import type { Connection, Outcome } from "./connection";
import { GitClient, withGit } from "./gitClient";

/**
 * One clone of a repository, from which every connection pushes: cloning for each attempt would take most of the
 * drill's time. Commits lie loose on the default branch's head, so attempts do not build on each other.
 */
export class WorkingCopy {
  private constructor(
    private readonly git: GitClient,
    readonly remote: string,
    readonly base: string,
    private readonly parent: string,
  ) {}

  /** @param connection an administrator's, straight to GitHub */
  static async open(connection: Connection, repository: string): Promise<WorkingCopy> {
    const git = await GitClient.open(connection);
    const must = async (...args: string[]): Promise<string> => {
      const ran = await git.run(...args);
      if (!ran.ok) throw new Error(`git ${args[0]} of ${repository} failed: ${ran.text}`);
      return ran.text.trim();
    };
    await must("clone", "--quiet", `${connection.git}/${repository}.git`, ".");
    return new WorkingCopy(git, repository, await must("rev-parse", "HEAD"), await must("rev-parse", "HEAD~1"));
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

  /** Pushes `object` to `ref` through a connection; an empty object deletes. */
  push(connection: Connection, object: string, ref: string, ...options: string[]): Promise<Outcome> {
    return this.git
      .through(connection)
      .run("push", "--quiet", ...options, `${connection.git}/${this.remote}.git`, `${object}:${ref}`);
  }

  /** Lists the branches of any repository. */
  list(connection: Connection, repository: string): Promise<Outcome> {
    return this.git.through(connection).run("ls-remote", "--quiet", `${connection.git}/${repository}.git`);
  }

  /** Clones any repository into a folder of its own. */
  clone(connection: Connection, repository: string): Promise<Outcome> {
    return withGit(connection, (git) => git.clone(repository));
  }

  close(): Promise<void> {
    return this.git.close();
  }
}
