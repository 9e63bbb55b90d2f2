#include "muster/app/options/run_identity.h"

#include "muster/app/keys/configuration_json.h"
#include "muster/report/run_history.h"

namespace muster::inline app {

Identity run_identity(const Catalogue& catalogue, const Configuration& configuration) {
  Identity identity;
  for (const auto& [key, value] :
       flat_configuration(configuration_json(catalogue, configuration), "the configuration"))
    identity[key] = value;
  for (const char* own : {"run.out", "run.resume", "run.threads", "run.loader_threads", "run.start_from",
                          "task.data", "task.test_data", "comm.interface", "comm.links", "checkpoint.keep"})
    identity.erase(own);
  return identity;
}

}  // namespace muster::inline app
