// Texts of others, such as names from files, made fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace spikeloom {

/// Bytes that are not UTF-8 and control characters other than the line's end as \xNN; all else unchanged.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace spikeloom
