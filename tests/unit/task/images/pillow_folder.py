"""Makes a folder of images as people have them, and says what torchvision's ImageFolder and Pillow make of it.

    pillow_folder.py OUT

OUT/images/CLASS/... holds about 60 files; OUT/expected.json lists, in ImageFolder's order, the path, label and mean
colour of every file that is not hidden and that Pillow can read ("files"), and those that it cannot ("unreadable").
"""
import json
import os
import pathlib
import sys

import numpy
from PIL import Image, ImageFile

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")  # torchvision's IMG_EXTENSIONS

out = pathlib.Path(sys.argv[1])
images = out / "images"
random = numpy.random.default_rng(7)


def picture(channels, width=61, height=47):
    """Smooth colours with some grain, so that compression neither costs nor gains much."""
    x, y = numpy.meshgrid(numpy.arange(width), numpy.arange(height))
    phase = random.uniform(0, 6, 2 * channels)
    waves = [128 + 60 * numpy.sin(x / 17 + phase[c]) + 60 * numpy.cos(y / 11 + phase[channels + c]) for c in range(channels)]
    grain = random.normal(0, 4, (height, width, channels))
    return numpy.clip(numpy.stack(waves, -1) + grain, 0, 255).astype(numpy.uint8)


def image(mode):
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = picture(channels)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode)


def save(name, what, **form):
    path = images / name
    path.parent.mkdir(parents=True, exist_ok=True)
    what.save(path, **form)
    return path


def save_jpegs():
    for quality in (60, 95):
        save(f"cat/jpeg_{quality}.jpg", image("RGB"), quality=quality)
    save("cat/progressive.JPEG", image("RGB"), progressive=True)
    save("cat/gray.jpg", image("L"))
    save("cat/nested/deep/inks.jpg", image("CMYK"))
    save("cat/nested/sampling.jpg", image("RGB"), subsampling=0)
    exif = Image.Exif()
    for orientation in (3, 6, 8):
        exif[0x0112] = orientation
        save(f"cat/turned/{orientation}.jpg", image("RGB"), exif=exif.tobytes())
    for i, at in enumerate((-2, -2)):
        path = save(f"cat/surplus_{i}.jpg", image("RGB"))
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + b"JUNK" * (i + 3) + whole[at:])
    path = save("cat/behind.jpg", image("RGB"))
    path.write_bytes(path.read_bytes() + b"bytes behind the end")
    path = save("cat/half.jpg", image("RGB"))
    path.write_bytes(path.read_bytes()[:-700])


def save_pngs():
    for mode in ("RGB", "L", "RGBA", "LA", "1"):
        what = image("L").convert("1") if mode == "1" else image(mode)
        save(f"dog/{mode}.png", what)
    save("dog/palette.PNG", image("RGB").quantize(40))
    clear = image("RGB").quantize(40)
    save("dog/clear.png", clear, transparency=3)
    save("dog/clear_rgb.png", image("RGB"), transparency=(1, 2, 3))
    save("dog/bits/two.png", image("L").quantize(4), bits=2)
    path = save("dog/half.png", image("RGB"))
    path.write_bytes(path.read_bytes()[:1500])


def save_webps():
    save("dog/web/lossy.webp", image("RGB"))
    save("dog/web/lossless.webp", image("RGB"), lossless=True)
    save("dog/web/alpha.webp", image("RGBA"), lossless=True, exact=True)
    save("dog/web/alpha_lossy.webp", image("RGBA").convert("RGBA"), exact=True)
    frames = [image("RGB") for _ in range(3)]
    save("dog/web/moving.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)


def save_tiffs():
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        save(f"owl/{compression}.tif", image("RGB"), compression=compression)
    for mode in ("L", "RGBA", "CMYK", "LA"):
        save(f"owl/{mode}.tiff", image(mode))
    save("owl/bits.TIFF", image("L").convert("1"), compression="group4")
    save("owl/palette.tif", image("RGB").quantize(30))
    pages = [image("RGB") for _ in range(2)]
    save("owl/pages.tif", pages[0], save_all=True, append_images=pages[1:])
    save("owl/turned.tif", image("RGB"), tiffinfo={274: 6})


def save_portables_and_bitmaps():
    save("owl/p/colour.ppm", image("RGB"))
    save("owl/p/gray.pgm", image("L"))
    save("owl/p/bits.ppm", image("L").convert("1"))
    gray = picture(1)[..., 0] // 17
    (images / "owl/p/plain.pgm").write_text(f"P2\n# 16 grays\n61 47\n15\n" + "\n".join(" ".join(map(str, row)) for row in gray))
    (images / "owl/p/sixteen.ppm").write_bytes(b"P6 61 47 1000\n" + (picture(3).astype(">u2") * 3).tobytes())
    for mode in ("RGB", "L", "1"):
        what = image("L").convert("1") if mode == "1" else image(mode)
        save(f"owl/b/{mode}.bmp", what)
    save("owl/b/palette.BMP", image("RGB").quantize(16))
    save("owl/b/alpha.bmp", image("RGBA"))


def save_odd_files():
    (images / "cat/notes.txt").write_text("not an image")
    (images / "cat/._jpeg_60.jpg").write_bytes(b"hidden")
    (images / "cat/.thumbs").mkdir()
    save("cat/.thumbs/small.jpg", image("RGB"))
    os.symlink("../dog/RGB.png", images / "cat/linked.png")
    os.symlink("../dog/bits", images / "cat/linked_folder")
    os.symlink("nowhere.jpg", images / "cat/dangling.jpg")
    os.symlink("..", images / "dog/bits/above")
    (images / "dog/false.png").write_bytes(b"no image at all")
    save("dog/jpeg_by_content.png", image("RGB"), format="JPEG")
    save("beside.png", image("RGB"))


def visible(path):
    return not any(part.startswith(".") for part in path.relative_to(images).parts)


def walk(folder, above=()):
    """As os.walk(followlinks=True), less folders that lead back to one above them."""
    here = folder.stat()
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        return
    yield folder, [entry.name for entry in os.scandir(folder) if not entry.is_dir()]
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from walk(folder / entry.name, above + (identity,))


def expected():
    """torchvision.datasets.folder.make_dataset."""
    classes = sorted(entry.name for entry in os.scandir(images) if entry.is_dir())
    files, unreadable = [], []
    for label, name in enumerate(classes):
        for folder, names in sorted(walk(images / name), key=lambda one: str(one[0])):
            for file in sorted(names):
                path = folder / file
                if not file.lower().endswith(ENDINGS) or not visible(path) or not path.exists():
                    continue
                relative = str(path.relative_to(images))
                try:
                    with open(path, "rb") as stream:
                        colour = numpy.asarray(Image.open(stream).convert("RGB")).reshape(-1, 3).mean(0)
                    files.append({"path": relative, "label": label, "mean": colour.tolist()})
                except Exception:
                    unreadable.append(relative)
    return {"classes": classes, "files": files, "unreadable": unreadable}


ImageFile.LOAD_TRUNCATED_IMAGES = False
save_jpegs()
save_pngs()
save_webps()
save_tiffs()
save_portables_and_bitmaps()
save_odd_files()
(out / "expected.json").write_text(json.dumps(expected(), indent=1))
