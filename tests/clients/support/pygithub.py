"""Runs one expression of PyGithub against the gate. `repo` is acme/api. Prints what it gives; a refusal as its status and message, with exit 1."""

import os
import sys

from github import Auth, Github, GithubException

github = Github(base_url=f"https://{os.environ['GH_HOST']}/api/v3", auth=Auth.Token(os.environ["GH_ENTERPRISE_TOKEN"]), retry=None)
try:
    repo = github.get_repo("acme/api")
    print(eval(sys.argv[1], {"github": github, "repo": repo}))  # the expressions are those of the table
except GithubException as refused:
    print(f"{refused.status} {(refused.data or {}).get('message')}")
    sys.exit(1)
