"""The address that a server of ours listens on: taken, or said why not."""

import socket

from dataset.errors import DataError


def listening(host: str, port: int) -> socket.socket:
    """Of port 0, any that is free. Raises DataError where another program listens there, or nobody may."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        told = error.strerror.partition(" (while")[0]  # Python adds the address once more
        raise DataError(f"{host}, port {port}: {told}; give another --port, or stop what uses it") from error


def in_address(host: str) -> str:
    """As it stands in http://...: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
