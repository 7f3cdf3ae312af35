// Texts of others, such as names from files, made fit to be shown: the interface is public.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/files.hpp>

namespace spikeloom {

/// The parts, or where there are more than `most`, as many from both ends and in the middle one that says how
/// many are left out: for people, who read the whole in JSON.
[[nodiscard]] std::vector<std::string> abridged(const std::vector<std::string>& parts, std::size_t most = 12);

/// "1 sample", "2 samples".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace spikeloom
