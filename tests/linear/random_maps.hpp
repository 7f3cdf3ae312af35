// Random maps, and what they mean written out: the oracle of every test of forms.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/base/rng.hpp"
#include "compiler/linear/compose.hpp"

namespace spikeloom::test {

inline constexpr std::uint64_t kCases = 1500;  ///< random ones a test

/// [source][target], 0 where there is no synapse.
using Matrix = std::vector<std::vector<double>>;

/// A window of any geometry: 1-D or 2-D, stride, padding on either side, dilation, groups down to depthwise.
[[nodiscard]] WindowMap random_window(Rng& rng);
/// A leaf of any kind, sometimes behind a gather.
[[nodiscard]] MapForm random_form(Rng& rng);
/// The same between so many sources and targets.
[[nodiscard]] MapForm random_form(Rng& rng, std::uint32_t sources, std::uint32_t targets);
/// Small whole weights, some of them 0 (never in a sparse form).
[[nodiscard]] RealMap random_map(Rng& rng);
[[nodiscard]] std::vector<double> random_weights(Rng& rng, const MapForm& form);

/// The map by the definitions in map_form.hpp, target by target. Uses no row.
[[nodiscard]] Matrix matrix_of(const MapForm& form, const std::vector<double>& weight);
[[nodiscard]] inline Matrix matrix_of(const RealMap& map) { return matrix_of(map.form, map.weight); }
/// The same by its rows.
[[nodiscard]] Matrix matrix_of_rows(const RealMap& map);

/// Every synapse for itself, zeros left out.
[[nodiscard]] RealMap written_out(const RealMap& map);

}  // namespace spikeloom::test
