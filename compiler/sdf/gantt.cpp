#include "compiler/sdf/gantt.hpp"

#include <algorithm>
#include <cstdio>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

constexpr double kLeft = 140, kWidth = 1000, kRow = 26, kTop = 40;

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20)
      result += ' ';
    else
      result += c;
  }
  return result;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

/// 1, 2 or 5 times a power of ten: about ten of them in `length`.
std::int64_t tick(std::int64_t length) {
  for (std::int64_t power = 1;; power *= 10)
    for (const std::int64_t times : {1, 2, 5})
      if (length / (times * power) <= 12 || power > length / 10) return times * power;
}

}  // namespace

std::string gantt_svg(const std::string& title, const std::vector<std::string>& rows,
                      const std::vector<GanttBar>& bars) {
  if (bars.size() > 200'000)
    throw input_error("chart: " + std::to_string(bars.size()) +
                      " firings are more than 200000; show fewer iterations");
  std::int64_t end = 1;
  for (const GanttBar& bar : bars) end = std::max(end, bar.end);
  const double scale = kWidth / static_cast<double>(end),
               height = kTop + kRow * static_cast<double>(rows.size());
  const auto x = [&](std::int64_t time) { return kLeft + scale * static_cast<double>(time); };
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kLeft + kWidth + 20) + "\" height=\"" +
      number(height + 30) +
      "\" font-family=\"sans-serif\" font-size=\"11\">\n<text x=\"8\" y=\"20\" font-size=\"14\">" +
      escaped(title) + "</text>\n";
  for (std::int64_t time = 0; time <= end; time += tick(end))
    svg += "<line x1=\"" + number(x(time)) + "\" y1=\"" + number(kTop) + "\" x2=\"" + number(x(time)) +
           "\" y2=\"" + number(height) + "\" stroke=\"#ddd\"/><text x=\"" + number(x(time)) + "\" y=\"" +
           number(height + 16) + "\" text-anchor=\"middle\">" + std::to_string(time) + "</text>\n";
  for (std::size_t row = 0; row < rows.size(); ++row)
    svg += "<text x=\"" + number(kLeft - 8) + "\" y=\"" +
           number(kTop + kRow * (static_cast<double>(row) + 0.65)) + "\" text-anchor=\"end\">" +
           escaped(rows[row]) + "</text>\n";
  for (const GanttBar& bar : bars) {
    SPIKELOOM_CHECK(bar.row < rows.size() && bar.start <= bar.end);
    const double y = kTop + kRow * static_cast<double>(bar.row),
                 width = std::max(scale * static_cast<double>(bar.end - bar.start), 0.5);
    svg += "<g><title>" + escaped(bar.label) + ": " + std::to_string(bar.start) + " to " +
           std::to_string(bar.end) + "</title><rect x=\"" + number(x(bar.start)) + "\" y=\"" + number(y + 3) +
           "\" width=\"" + number(width) + "\" height=\"" + number(kRow - 6) + "\" fill=\"hsl(" +
           std::to_string(bar.colour * 137 % 360) +
           ",60%,75%)\" fill-opacity=\"0.8\" stroke=\"#555\" stroke-width=\"0.5\"/>";
    if (width > 7 * static_cast<double>(bar.label.size()))
      svg += "<text x=\"" + number(x(bar.start) + width / 2) + "\" y=\"" + number(y + 0.65 * kRow) +
             "\" text-anchor=\"middle\">" + escaped(bar.label) + "</text>";
    svg += "</g>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace spikeloom::sdf
