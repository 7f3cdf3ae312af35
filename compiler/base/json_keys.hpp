// What the JSON library passes over in silence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spikeloom {

/// A key that some object of the text has twice, of which a parser keeps one and drops the other; nothing
/// where there is none. Text that is not JSON: what stands before the fault is looked at.
[[nodiscard]] std::optional<std::string> repeated_json_key(std::string_view text);

}  // namespace spikeloom
