"""The model on a web page, for you or a few people: ask about pictures, see where each word looks.

    python web_demo_vlm.py                         http://127.0.0.1:7860
    python web_demo_vlm.py --models weights out    all checkpoints in two folders

Each visitor has their own conversation and pictures. Only this machine can reach the page, unless --host
opens it to others, who can then ask, but cannot open files of this machine.
"""

from dataclasses import dataclass
from typing import Annotated

from dataset.commands.flags import Count, Within
from serve.door import in_address, listening
from trainer.cli import parse, user_errors
from web.demo import Demo, Offer
from web.page import page
from web.style import STYLE, THEME
from web.words import LABELS


@dataclass
class Args(Offer):
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 means all of this machine's."""
    port: Annotated[int, Within(1, 65535)] = 7860
    max_upload_mb: Count = 20
    """Largest picture file."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    listening(args.host, args.port).close()  # Gradio's own words name no flag of ours
    blocks = page(Demo(args)).queue(max_size=32, default_concurrency_limit=args.at_once, api_open=False)
    _, address, _ = blocks.launch(
        server_name=in_address(args.host),
        server_port=args.port,
        share=False,
        show_error=False,
        max_file_size=f"{args.max_upload_mb}mb",
        i18n=LABELS,
        css=STYLE,
        theme=THEME,
        enable_monitoring=False,
        footer_links=[],
        ssr_mode=False,
        quiet=True,  # it would advise to share
        prevent_thread_lock=True,
    )
    print(f"Open {address} in a browser; Ctrl-C ends it.", flush=True)
    blocks.block_thread()


if __name__ == "__main__":
    main()
