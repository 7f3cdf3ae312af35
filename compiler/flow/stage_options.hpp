// What a user chose, as the options of each stage; and whether what they name is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/admit/points.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/flow/tune.hpp"
#include "compiler/map/map.hpp"
#include "compiler/partition/partition.hpp"

namespace spikeloom {

/// What every kind of tile offers, so that no population is bound to one of them by its numbers.
[[nodiscard]] QuantizeLimits limits_of(const Chip& chip);
[[nodiscard]] QuantizeOptions quantize_options(const Network& network, const Chip& chip,
                                               const CompileOptions& options);
[[nodiscard]] BuildOptions build_options(const IntNetwork& network, const CompileOptions& options,
                                         const std::optional<Traffic>& traffic);
[[nodiscard]] MapOptions map_options(const Application& app, const CompileOptions& options);
/// As chosen, else of the shortest calibration sample; 0: neither.
[[nodiscard]] std::uint32_t sample_steps(const CompileOptions& options, const Dataset* data);
[[nodiscard]] TuneOptions tune_options(const Chip& chip, const CompileOptions& options);
[[nodiscard]] PointOptions point_options(const CompileOptions& options);

/// Of these names; a name twice comes twice.
[[nodiscard]] std::vector<PopulationId> recorded_populations(const IntNetwork& network,
                                                             const std::vector<std::string>& names);
/// How `search` asks for a partition, `least` clusters by PopulationId.
[[nodiscard]] PartitionOptions partition_options(const IntNetwork& network, const Chip& chip,
                                                 const CompileOptions& options,
                                                 const std::vector<std::uint32_t>& least,
                                                 const std::optional<Traffic>& traffic);
/// By PopulationId; 0 where the user wants no number.
[[nodiscard]] std::vector<std::uint32_t> wanted_clusters(const IntNetwork& network,
                                                         const CompileOptions& options);
/// By PopulationId; none where the user wants no kind of tile. `check_names` has found them all.
[[nodiscard]] std::vector<std::optional<std::uint32_t>> wanted_kinds(const IntNetwork& network,
                                                                     const Chip& chip,
                                                                     const CompileOptions& options);
/// That may be used.
[[nodiscard]] std::uint32_t tiles_of(const Chip& chip, const CompileOptions& options);

/// An integer network from a file meets the chip's widths here, one from the quantiser already does.
/// Throws Error{kInput} listing what does not fit.
void check_widths(const IntNetwork& network, const Chip& chip);
/// Everything that the options name is there. Throws Error{kInput} listing what is not.
void check_names(const IntNetwork& network, const Chip& chip, const CompileOptions& options);

}  // namespace spikeloom
