#include <sstream>

#include "compiler/image/image.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {

std::string print(const Image& image) {
  std::ostringstream out;
  const Program words = program(image);
  out << "image of " << image.application.name << " for chip " << image.chip.name << ": " << words.load.size()
      << " words to load, " << words.start.size() << " to start\n"
      << print(image.application) << print(image.application, image.binding, image.chip);
  for (const Promise& promise : image.promises) {
    out << "promise " << title(promise) << ": period " << promise.period.str() << " cycles a step, offset "
        << promise.offset << ", latency " << promise.latency << "\n";
    for (const std::string& line : promise.critical_cycle) out << "  critical: " << line << "\n";
  }
  const std::string unit = "/" + std::to_string(1U << hw::kContractFractionBits);
  for (std::size_t t = 0; t < image.contracts.size(); ++t)
    if (image.contracts[t].sigma != TileContract::kOff)
      out << "contract of tile (" << t % image.chip.width << "," << t / image.chip.width << "): rho "
          << image.contracts[t].rho << unit << ", sigma " << image.contracts[t].sigma << unit << " cycles\n";
  for (const OperatingPoint& point : image.points)
    out << "operating point: " << point.tiles() << (point.tiles() == 1 ? " tile, " : " tiles, ")
        << point.slots() << " slots, period " << point.period.str() << " cycles a step, offset "
        << point.offset << ", latency " << point.latency << "\n";
  return out.str();
}

}  // namespace spikeloom
