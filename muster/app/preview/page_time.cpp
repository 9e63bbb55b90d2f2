#include "muster/app/preview/page_time.h"

#include <ctime>

namespace muster::inline app {

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[32];
  return std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local) > 0 ? text : "";
}

}  // namespace muster::inline app
