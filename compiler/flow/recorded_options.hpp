// What an image records of the options that its numbers came from, and those numbers made again.
#pragma once

#include <optional>
#include <string>

#include <spikeloom/compile_options.hpp>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/int_network.hpp"

namespace spikeloom {

/// JSON object: every option that a weight or a parameter in integers depends on, the network and the
/// calibration data apart.
[[nodiscard]] std::string recorded_options(const CompileOptions& options);

/// What a network's file is turned into once more.
struct Recompiled {
  IntNetwork numbers;
  std::string meaning;  ///< the semantics under which it has these numbers; empty for an integer network
};

/// The numbers that the network of a file has under the options that an image's metadata record.
///
/// `calibrate`: the data that they were calibrated with.
/// `stated`: of the semantics, what the user says; it holds in place of what the image recorded.
/// Throws  Error{kInput} where the metadata record no options, where the data are needed and not given, or
///         given and not needed; and as `compile` does.
[[nodiscard]] Recompiled recompiled_numbers(const std::string& path, const Chip& chip,
                                            const std::string& metadata,
                                            const std::optional<std::string>& calibrate,
                                            const Semantics& stated = {});

}  // namespace spikeloom
