#!/usr/bin/python3
"""Images of a folder as training batches, as a PyTorch user reads them: Pillow, torchvision's transforms (written
out, because Debian has no torchvision) and a DataLoader with worker processes.

  image_folder.py --make FOLDER [IMAGES]          draw photo-like JPEGs of 500 x 375 into FOLDER/train/{a,b,c,d}
  image_folder.py FOLDER [WORKERS] [EPOCHS] [SIZE]   images per second; the first epoch warms up
"""
import math
import os
import random
import sys
import time

import numpy
import torch
from PIL import Image

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
BATCH = 32


def draw(width, height, generator):
    """Slow waves, smooth noise of four sizes and a little grain."""
    y, x = numpy.mgrid[0:height, 0:width]
    image = numpy.zeros((height, width, 3))
    for channel in range(3):
        across, down = generator.uniform(40, 200, 2)
        image[..., channel] = 128 + 60 * numpy.sin(x / across + generator.uniform(0, 6)) * numpy.cos(y / down)
    for size, strength in ((32, 40), (12, 30), (5, 20), (2, 12)):
        noise = (generator.normal(size=(height // size + 2, width // size + 2, 3)) * 40 + 128).clip(0, 255)
        smooth = Image.fromarray(noise.astype(numpy.uint8)).resize((width, height), Image.BICUBIC)
        image += (numpy.asarray(smooth, float) - 128) * strength / 40
    image += generator.normal(size=image.shape) * 2
    return Image.fromarray(image.clip(0, 255).astype(numpy.uint8))


def make(folder, images):
    generator = numpy.random.default_rng(1)
    for i in range(images):
        place = os.path.join(folder, "train", "abcd"[i % 4])
        os.makedirs(place, exist_ok=True)
        width, height = (500, 375) if i % 3 else (375, 500)
        draw(width, height, generator).save(os.path.join(place, f"{i:04}.jpg"), quality=90)


def random_resized_crop(image, size):
    """torchvision.transforms.RandomResizedCrop with its defaults (very long images apart)."""
    width, height = image.size
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1.0)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = random.randint(0, width - w), random.randint(0, height - h)
            break
    else:
        w = h = min(width, height)
        left, top = (width - w) // 2, (height - h) // 2
    return image.crop((left, top, left + w, top + h)).resize((size, size), Image.BILINEAR)


def to_tensor(image):
    """torchvision.transforms.ToTensor and Normalize."""
    pixels = torch.from_numpy(numpy.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    return pixels.sub_(MEAN).div_(DEVIATION)


class Folder(torch.utils.data.Dataset):
    def __init__(self, folder, size):
        self.size = size
        root = os.path.join(folder, "train")
        self.files = [(os.path.join(root, label, name), number)
                      for number, label in enumerate(sorted(os.listdir(root)))
                      for name in sorted(os.listdir(os.path.join(root, label)))]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        with open(path, "rb") as file:
            image = Image.open(file).convert("RGB")
        image = random_resized_crop(image, self.size)
        if random.random() < 0.5:
            image = image.transpose(Image.FLIP_LEFT_RIGHT)
        return to_tensor(image), label


def main():
    if sys.argv[1] == "--make":
        return make(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 400)
    workers, epochs, size = (int(word) for word in (sys.argv[2:] + ["2", "5", "224"][len(sys.argv) - 2:]))
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(Folder(sys.argv[1], size), batch_size=BATCH, shuffle=True, drop_last=True,
                                         num_workers=workers, persistent_workers=workers > 0)
    images = 0
    for epoch in range(epochs + 1):
        if epoch == 1:
            start = time.perf_counter()
        for batch, _ in loader:
            images += len(batch) if epoch > 0 else 0
    print(f"{images / (time.perf_counter() - start):.1f}")


if __name__ == "__main__":
    main()
