"""python -m dataset.chat show FILE N"""

if __name__ == "__main__":
    from dataset.commands.console import only
    from dataset.show import main

    only("show", main, "python -m dataset.chat show FILE N")
