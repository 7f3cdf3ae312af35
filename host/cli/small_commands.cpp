#include <cstdio>
#include <string>

#include <spikeloom/devices.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/memories.hpp>
#include <spikeloom/outputs.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"

namespace spikeloom::cli {

int compare_files(const std::string& a, const std::string& b) {
  const Comparison comparison = compare(a, b);
  std::fputs(comparison.text.c_str(), stdout);
  return comparison.same ? kYes : kNo;
}

int show_info(const std::string& path) {
  const CompiledImage image = CompiledImage::read(path);
  for (const std::string& fault : image.faults()) throw input_error(path + ": " + fault);
  std::fputs(image.text().c_str(), stdout);
  return kYes;
}

int show_chip(const std::string& chip, const std::optional<std::string>& json) {
  check_files({{"the chip file", chip}}, {{"--json", json}});
  const ChipMemories memories = memories_of(ChipFile::read(chip));
  if (json) write_text(*json, to_json(memories));
  std::fputs(to_text(memories).c_str(), stdout);
  return kYes;
}

int list_devices() {
  for (const DeviceKind& kind : devices()) {
    std::printf("%-12s %s", kind.name.c_str(), kind.description.c_str());
    if (!kind.options.empty()) std::printf(" (options: %s)", kind.options.c_str());
    if (!kind.available) std::printf("; not available: %s", kind.reason.c_str());
    std::printf("\n");
  }
  return kYes;
}

int build_chip(const std::string& path) {
  std::string shown;  // what does not change is said once
  const auto show = [&shown](double done, const std::string& what) {
    const std::string text =
        done < 0 ? what : what + " (" + std::to_string(static_cast<int>(done * 100)) + " %)";
    if (text != shown) std::fprintf(stderr, "%s\n", text.c_str());
    shown = text;
  };
  std::printf("%s\n", spikeloom::build_chip(ChipFile::read(path), show).c_str());
  return kYes;
}

}  // namespace spikeloom::cli
