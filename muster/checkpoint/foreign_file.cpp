#include "muster/checkpoint/foreign_file.h"

#include <fmt/format.h>

#include <array>

namespace muster::inline checkpoint {

namespace {

using namespace std::string_view_literals;

// Weights that share memory, as a tied head does, are refused by save_file unless they are copied.
std::string from_torch(const std::string& path) {
  return fmt::format(
      "convert it where PyTorch and the package safetensors are installed: python3 -c \"import torch; from "
      "safetensors.torch import save_file; w = torch.load('{}', map_location='cpu'); save_file({{k: "
      "v.copy().contiguous() for k, v in w.items()}}, 'model.safetensors')\"",
      path);
}

struct Beginning {
  std::string_view bytes;
  const char* is;
};

constexpr std::array packed = {
    Beginning{"\x1f\x8b"sv, "gzip"},
    Beginning{"BZh"sv, "bzip2"},
    Beginning{"\xfd"
              "7zXZ\0"sv,
              "xz"},
    Beginning{"\x28\xb5\x2f\xfd"sv, "zstd"},
};

constexpr std::array formats = {
    Beginning{"\x93NUMPY"sv, "an array of numpy (.npy)"},
    Beginning{"\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras writes"},
    Beginning{"GGUF"sv, "a GGUF file of llama.cpp"},
};

std::string of_json(std::string_view head) {
  if (head.find("\"weight_map\"") != head.npos || head.find("\"total_size\"") != head.npos)
    return "it is the index of a model in several files; name it by its usual name, "
           "model.safetensors.index.json, in the folder of those files";
  return "it is JSON text, not weights; name the .safetensors file, or the folder that holds config.json and "
         "model.safetensors";
}

}  // namespace

std::string foreign_format(std::string_view head, const std::string& path) {
  if (head.empty()) return "the file is empty; get it again";
  if (head.starts_with("PK\x03\x04"))
    return "it is a zip archive, as torch.save writes it (.pt, .pth, .bin); " + from_torch(path);
  if (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
    return "it is a pickle of Python, as older versions of torch.save wrote it (.pt, .bin); " +
           from_torch(path);
  for (const Beginning& kind : packed)
    if (head.starts_with(kind.bytes)) return fmt::format("it is packed with {}; unpack it first", kind.is);
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return "it is a tar archive; unpack it first";
  if (head.starts_with("version https://git-lfs"))
    return "it is a pointer of Git LFS in place of the file; fetch the file with: git lfs pull";
  for (const Beginning& kind : formats)
    if (head.starts_with(kind.bytes))
      return fmt::format("it is {}; write its weights as safetensors first (docs/python.md shows how)",
                         kind.is);
  const auto text = head.find_first_not_of(" \t\r\n");
  if (text != head.npos && head[text] == '{') return of_json(head);
  if (text != head.npos && head[text] == '<')
    return "it is a web page, perhaps a download that was answered with one; get the file itself";
  return "";
}

}  // namespace muster::inline checkpoint
