// A schedule as a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom::sdf {

struct GanttBar {
  std::size_t row = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string label;       ///< shown where there is room, and always as the bar's title
  std::size_t colour = 0;  ///< bars of one number look the same
};

/// An SVG of rows over time in cycles, which any browser shows. The same bars give the same bytes.
/// Throws Error{kInput} for more than 200,000 bars.
[[nodiscard]] std::string gantt_svg(const std::string& title, const std::vector<std::string>& rows,
                                    const std::vector<GanttBar>& bars);

}  // namespace spikeloom::sdf
