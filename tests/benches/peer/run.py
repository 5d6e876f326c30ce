"""Runs text2art's bench and its PyTorch peer in turn, each in a process of its own, and prints a table of both.

    python -m venv venv && venv/bin/pip install -r tests/benches/peer/requirements.txt
    cargo build --release
    venv/bin/python tests/benches/peer/run.py --rounds 3

On a GPU (`--device cuda:0`) memory is also that of the whole GPU beyond what it held before, as nvidia-smi tells it: let
nothing else use it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MEBIBYTE = 1024 * 1024


def measured(command, gpu):
    """What a command prints as JSON, with the most memory its process held, and took of the GPU, in bytes."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as used:
        watch = None
        if gpu is not None:
            query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", gpu, "-lms", "20"]
            watch = subprocess.Popen(query, stdout=used)
            time.sleep(1)
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))} ended with {os.waitstatus_to_exitcode(status)}")
        on_gpu = 0
        if watch is not None:
            watch.terminate()
            watch.wait()
            used.seek(0)
            # The last line may be cut off.
            amounts = [int(line) for line in used.read().splitlines()[:-1]]
            on_gpu = (max(amounts) - amounts[0]) * MEBIBYTE
        output.seek(0)
        return json.load(output), usage.ru_maxrss * 1024, on_gpu


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", default=HERE.parent.parent.parent / "target/release/text2art")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--repetitions", type=int, default=3)
    arguments.add_argument("--cutouts", type=int, default=32)
    arguments.add_argument("--size", type=int, default=256)
    arguments.add_argument("--device", default="cpu", help="cpu or cuda:N")
    arguments.add_argument("--precision", default="tf32", choices=["f32", "tf32", "bf16"], help="of both, on a GPU")
    arguments.add_argument("--compile", action="store_true", help="PyTorch with torch.compile")
    arguments = arguments.parse_args()
    gpu = arguments.device.partition(":")[2] or "0" if arguments.device != "cpu" else None
    # On the processor there is f32 alone.
    precision = arguments.precision if gpu is not None else "f32"
    placed = ["--device", arguments.device, "--precision", precision]
    repetitions = ["--repetitions", str(arguments.repetitions), "--cutouts", str(arguments.cutouts)]
    ours = [arguments.binary, "bench", "--work", "a", "--json", *repetitions, *placed]
    ours += ["--size", f"{arguments.size}x{arguments.size}"]
    peer = [sys.executable, HERE / "peer.py", *repetitions, "--size", str(arguments.size), *placed]
    peer += ["--compile"] if arguments.compile else []

    rounds = []
    for index in range(arguments.rounds):
        report, memory, on_gpu = measured(ours, gpu)
        stages = {stage["name"]: stage["seconds"] for stage in report["stages"]}
        ours_now = {**stages, "iteration": report["iteration"]["seconds"], "product": report["product"]["seconds"]}
        peaks = {stage["name"]: stage["peak_memory"] for stage in report["stages"]}
        gigaflop, own_peak = report["iteration"]["gigaflop"], report["peak_memory"]
        report, peer_memory, peer_on_gpu = measured(peer, gpu)
        peer_now = {**report["stages"], "iteration": report["iteration"], "product": report["product"]}
        # What the system counts until the end begins anew with each part.
        peaks["whole process"] = max(memory, own_peak)
        report["peaks"]["whole process"] = max(peer_memory, report["peak_memory"])
        if gpu is not None:
            peaks["of the GPU"], report["peaks"]["of the GPU"] = on_gpu, peer_on_gpu
        rounds.append((ours_now, peaks, peer_now, report["peaks"]))
        ratio = ours_now["iteration"] / peer_now["iteration"]
        print(f"round {index + 1}: {ratio:.2f} of the peer's time", file=sys.stderr)

    def middle(values):
        return statistics.median(list(values))

    def table(unit, ours, peer, number):
        print(f"| | text2art, {unit} | PyTorch, {unit} | ratio |\n|---|---|---|---|")
        for name in rounds[0][ours]:
            first, second = middle(row[ours][name] for row in rounds), middle(row[peer][name] for row in rounds)
            print(f"| {name} | {number(first)} | {number(second)} | {first / second:.2f} |")
        print()

    table("s", 0, 2, lambda seconds: f"{seconds:.3f}")
    print("The most memory during each part:\n")
    table("MiB", 1, 3, lambda amount: f"{amount / MEBIBYTE:.0f}")
    if gpu is not None:
        print(f"Products of both in {precision}.\n")
    rate = middle(gigaflop / row[0]["iteration"] for row in rounds)
    machine = middle(2 * 2.048**3 / row[0]["product"] for row in rounds)
    ratios = [row[0]["iteration"] / row[2]["iteration"] for row in rounds]
    print(f"An iteration of {gigaflop:.0f} GFLOP runs at {rate:.0f} GFLOP/s, {rate / machine:.0%} of the machine's "
          f"{machine:.0f}; time ratio of the rounds {min(ratios):.2f} to {max(ratios):.2f}.")


if __name__ == "__main__":
    main()
