"""What MkDocs is told besides mkdocs.yml: the site holds the repository's own pages, each where it lies.

docs/, README, CONTRIBUTING and the cards of weights/ become pages; what they link to (pictures, notebooks,
scripts) is copied beside them. So a link that is right in the repository is right on the site, and `--strict`
checks it.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs import flags

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "README_zh.md", "CONTRIBUTING.md", "docs/*.md", "weights/*/README.md")
LOOKS = ROOT / "docs/site.css"
TARGET = re.compile(r"""\]\(([^)#\s]+)|<img src="([^"]+)""")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    theme = [file for file in files if file.src_dir != config.docs_dir]
    paths = sorted(path for pattern in PAGES for path in ROOT.glob(pattern))
    wanted = dict.fromkeys([*paths, LOOKS, *(target for path in paths for target in targets(path))])
    names = [path.relative_to(ROOT).as_posix() for path in wanted]
    return Files([*theme, *(File(name, str(ROOT), config.site_dir, False) for name in names)])


def targets(page: Path) -> list[Path]:
    """The files of the repository that a page links to, or shows."""
    found = [link or image for link, image in TARGET.findall(page.read_text(encoding="utf-8"))]
    paths = [(page.parent / name).resolve() for name in found if "://" not in name]
    return [path for path in paths if path.is_file() and path.is_relative_to(ROOT)]


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    return markdown.replace("<!-- flags -->", flags.tables()) if page.file.name == "FLAGS" else markdown
