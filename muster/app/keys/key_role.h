#pragma once

#include "muster/app/keys/key.h"

namespace muster::inline app {

class Catalogue;

/// The role of a key in a trained model. Keys of the first three roles are stored in the model's file,
/// whatever their value, so that a later reader rebuilds the same network and the same data.
enum class KeyRole {
  network,        ///< shapes and functions of the network, and what its inputs and outputs stand for
  data,           ///< which samples there are, for training and for measuring
  preprocessing,  ///< what is done to training samples and their labels
  training        ///< how, where and for how long: no part of the model
};

/// Throws Bug for a key that is not classified: every key has to be, when it is added.
KeyRole role_of(const Key& key);

/// Whether a model's file of version 0.1.0 may lack the key: its default is what that version did.
bool may_lack_in_first_format(const Key& key);

/// Whether the key has a meaning for this kind of task and model.
bool concerns(const Catalogue& catalogue, const Key& key, const std::string& task_name,
              const std::string& model);

}  // namespace muster::inline app
