#include "muster/task/images/webp_image.h"

#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/images/exif_orientation.h"

namespace muster::inline task {

namespace {

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

/// The parts of a file.
class Parts {
 public:
  explicit Parts(std::string_view file) {
    const WebPData data{bytes_of(file), file.size()};
    demuxer_ = WebPDemux(&data);
  }
  ~Parts() {
    WebPDemuxReleaseIterator(&frame_);
    WebPDemuxDelete(demuxer_);  // takes null
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  bool whole() const { return demuxer_ != nullptr; }
  /// Null where there is none.
  const WebPIterator* first_frame() {
    return demuxer_ != nullptr && WebPDemuxGetFrame(demuxer_, 1, &frame_) != 0 ? &frame_ : nullptr;
  }
  int orientation() const {
    WebPChunkIterator chunk{};
    if (demuxer_ == nullptr || WebPDemuxGetChunk(demuxer_, "EXIF", 1, &chunk) == 0) return 1;
    const int found = exif_orientation({reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size});
    WebPDemuxReleaseChunkIterator(&chunk);
    return found;
  }

 private:
  WebPDemuxer* demuxer_ = nullptr;
  WebPIterator frame_{};
};

class WebpImage final : public EncodedImage {
 public:
  WebpImage(std::string_view bytes, std::string name) : name_(std::move(name)), bytes_(bytes) {
    if (WebPGetFeatures(bytes_of(bytes), bytes.size(), &features_) != VP8_STATUS_OK)
      fail("its header is damaged");
    if (features_.width < 1 || features_.height < 1) fail("it has no pixel");
  }
  int64_t width() const override { return features_.width; }
  int64_t height() const override { return features_.height; }
  ImageOddities oddities() const override { return {.turned = turned_}; }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  [[noreturn]] void fail(const char* why) const {
    throw DataError(fmt::format("'{}' is no whole WebP image: {}", name_, why));
  }
  void decode(std::string_view image, uint8_t* corner, PixelBlock& block) const {
    const auto stride = static_cast<int>(3 * block.width);
    const size_t room = block.pixels.size() - static_cast<size_t>(corner - block.pixels.data());
    if (WebPDecodeRGBInto(bytes_of(image), image.size(), corner, room, stride) == nullptr)
      fail("its data are damaged or end early");
  }
  void decode_first_frame(Parts& parts, PixelBlock& block) const;

  std::string name_;
  std::string_view bytes_;
  WebPBitstreamFeatures features_{};
  bool turned_ = false;
};

void WebpImage::decode_first_frame(Parts& parts, PixelBlock& block) const {
  const WebPIterator* const frame = parts.first_frame();
  if (frame == nullptr || frame->complete == 0) fail("its first frame is damaged or ends early");
  if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width > width() - frame->x_offset ||
      frame->height > height() - frame->y_offset)
    fail("its first frame lies outside the image");
  std::fill(block.pixels.begin(), block.pixels.end(), uint8_t{0});
  const int64_t corner = 3 * (frame->y_offset * width() + frame->x_offset);
  const std::string_view fragment(reinterpret_cast<const char*>(frame->fragment.bytes), frame->fragment.size);
  WebPBitstreamFeatures own{};
  if (WebPGetFeatures(bytes_of(fragment), fragment.size(), &own) != VP8_STATUS_OK ||
      own.width != frame->width || own.height != frame->height)
    fail("its first frame is damaged");
  decode(fragment, block.pixels.data() + corner, block);
}

void WebpImage::read(const Region&, double, PixelBlock& block) {
  block.become_whole(width(), height());
  Parts parts(bytes_);
  if (!parts.whole() && bytes_.size() >= 16 && bytes_.substr(12, 4) == "VP8X") fail("its parts end early");
  if (features_.has_animation != 0)
    decode_first_frame(parts, block);
  else
    decode(bytes_, block.pixels.data(), block);
  turned_ = parts.orientation() != 1;
}

}  // namespace

std::unique_ptr<EncodedImage> open_webp(std::string_view bytes, const std::string& name) {
  return std::make_unique<WebpImage>(bytes, name);
}

}  // namespace muster::inline task
