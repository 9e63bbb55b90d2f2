"""What bench/convex_table.sh measured, beside reference values: an independent program, the same draws.

Prints each cell as measured/reference and the largest deviation; the exit code is 1 where one is above 25 %.
"""
import json
import pathlib
import sys

PERIODS = (1, 2, 4, 8, 16, 64)
# (batch, target, workers): "last/weighted" by period
REFERENCE = {
    (16, 5e-3, 1): "5426/3700",
    (16, 5e-3, 2): "2036/1750  2017/1820  2071/1866  1966/1912  2236/1932  2336/2368",
    (16, 5e-3, 4): "978/824   1036/886   1041/976   1024/1050  1168/1160  1312/1472",
    (16, 5e-3, 8): "551/483    578/602    650/676    668/720    680/816    944/1120",
    (16, 5e-3, 16): "398/279    407/456    432/519    494/572    544/640    656/816",
    (16, 5e-3, 32): "208/198    310/390    328/436    376/494    420/560    544/720",
    (16, 1e-3, 1): "27882/19168",
    (16, 1e-3, 2): "11368/8031  11381/8217 12484/8355  12442/8678  12780/9076  12928/9728",
    (16, 1e-3, 4): "5290/3650   5750/3930  6512/4097   6068/4278   6396/4716   6960/5760",
    (16, 1e-3, 8): "3292/2082   3256/2214  3422/2339   3320/2580   3680/2904   4336/4096",
    (16, 1e-3, 16): "2021/1256   1984/1528  2017/1676   2086/1898   2208/2256   2912/3472",
    (16, 1e-3, 32): "1306/639    1324/1290  1356/1469   1502/1696   1636/1944   2432/3040",
    (4, 5e-3, 1): "29877/14916",
    (4, 5e-3, 2): "14550/7507 14154/7464 15856/7423 13940/7502 16080/7532 13616/8320",
    (4, 5e-3, 8): "2036/1750  2444/2242  3149/2836  3388/3096  4056/3220  4896/3808",
    (4, 5e-3, 32): "551/483    864/1026  1143/1453  1378/1694  1712/2280  2368/2848",
    (4, 1e-3, 1): "167724/81006",
    (4, 1e-3, 2): "70576/39981 71622/39854 63858/40499 68836/39934 77768/40500 75280/41264",
    (4, 1e-3, 8): "11368/8031  13414/9813  15040/10422 15564/11792 17736/15052 21472/17552",
    (4, 1e-3, 32): "3292/2082   4078/3730   4745/5069   5870/6482   6980/8200  11024/14560",
}
# (batch, target): by delay 0, 4, 16; K = 8, H = 4
DELAYS = {
    (16, 5e-3): "650/676 670/714 1311/1315",
    (16, 1e-3): "3422/2339 3476/2457 4981/4157",
    (4, 5e-3): "3149/2836 3241/3118 4599/3057",
    (4, 1e-3): "15040/10422 15478/10632 21209/11994",
}


def cells_of(path):
    study = json.loads(path.read_text())
    return {(c["batch"], c["target"], c["workers"], c["period"]): c for c in study["cells"]}


def compare(cell, reference, deviations):
    text = []
    for kind, wanted in zip(("last", "weighted"), reference.split("/")):
        if cell[kind] is None:
            deviations.append(1.0)
            text.append(f"--/{wanted}")
            continue
        steps = cell[kind]["steps"]
        deviations.append(steps / float(wanted) - 1)
        text.append(f"{steps:.0f} ({100 * deviations[-1]:+.0f}%)")
    return " ".join(text)


def main(folder):
    deviations = []
    for (batch, target, workers), row in REFERENCE.items():
        path = folder / f"b{batch}_k{workers}" / "study.json"
        if not path.exists():
            continue
        cells = cells_of(path)
        shown = [
            compare(cells[batch, target, workers, period], reference, deviations)
            for period, reference in zip(PERIODS, row.split())
        ]
        print(f"b={batch} eps={target:g} K={workers}: " + " | ".join(shown))
    for (batch, target), row in DELAYS.items():
        for form in ("delay", "staggered"):
            shown = []
            for delay, reference in zip((0, 4, 16), row.split()):
                path = folder / f"b{batch}_{form}{delay}" / "study.json"
                if path.exists():
                    cell = cells_of(path)[batch, target, 8, 4]
                    shown.append(f"tau={delay} " + compare(cell, reference, deviations))
            print(f"b={batch} eps={target:g} {form}: " + " | ".join(shown))
    worst = max(map(abs, deviations))
    exact = sum(abs(d) < 5e-4 for d in deviations)
    print(f"{len(deviations)} values, {exact} equal, largest deviation {100 * worst:.1f} %")
    return 0 if worst <= 0.25 else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
