#pragma once

#include <string>
#include <vector>

#include "muster/app/arguments.h"
#include "muster/app/options.h"
#include "muster/serve/doors.h"

namespace muster {

/// What `serve` or `work` was asked for.
struct ServeRequest {
  Arguments arguments;
  std::string address;  ///< of `work`: the server's
  Configuration configuration;
};

/// Read the words behind the command; used by both programs. Throw OptionError.
ServeRequest read_serve_request(const std::vector<std::string>& words);
ServeRequest read_work_request(const std::vector<std::string>& words);

DoorOptions door_options(const ServeSection& serve);

/// What `muster status` was asked.
struct StatusRequest {
  Arguments arguments;
  Configuration configuration;
  std::string address;  ///< of the server
  double every = 0;     ///< seconds between two answers; 0: one is enough
};
StatusRequest read_status_request(const std::vector<std::string>& words);

}  // namespace muster
