"""Network namespaces without names: they live as long as this process holds them, so even a crash leaves nothing behind."""
import contextlib
import ctypes
import os
import subprocess

from problem import Problem

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """Commands, sockets and /proc inside `inside()` are of the namespace. One thread only: namespaces are a thread's."""

    def __init__(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            if _libc.unshare(_CLONE_NEWNET) != 0:
                raise Problem("namespaces", f"this process may not make a network namespace: {os.strerror(ctypes.get_errno())}")
            self._descriptor = os.open("/proc/self/ns/net", os.O_RDONLY)
        finally:
            _enter(home)
            os.close(home)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    @contextlib.contextmanager
    def inside(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        _enter(self._descriptor)
        try:
            yield
        finally:
            _enter(home)
            os.close(home)

    def run(self, *command, text="", timeout_s=300):
        """Standard output of a command; a command that fails is a Problem with its words."""
        with self.inside():
            try:
                done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout_s)
            except FileNotFoundError:
                raise Problem("tools", f"{command[0]} is not installed")
            except subprocess.TimeoutExpired:
                raise Problem("time", f"{' '.join(command)} took longer than {timeout_s} seconds")
        if done.returncode != 0:
            raise Problem("command", f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def set_sysctl(self, name, value, required=True):
        """`name` as sysctl(8) takes it. An interface name may hold dots: then slashes and dots change places."""
        path = "/proc/sys/" + name.translate(str.maketrans("./", "/."))
        try:
            with self.inside(), open(path, "w") as file:
                file.write(str(value))
        except OSError as error:
            if required:
                raise Problem("sysctl", f"{name} cannot be set to {value}: {error.strerror}")

    def close(self):
        os.close(self._descriptor)


def _enter(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
