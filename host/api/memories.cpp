#include <spikeloom/memories.hpp>

#include <nlohmann/json.hpp>

#include "compiler/fit/chip_rams.hpp"
#include "compiler/fit/fpga.hpp"
#include "host/api/lines.hpp"

namespace spikeloom {

ChipMemories memories_of(const ChipFile& chip) {
  ChipMemories result;
  result.chip = chip.name();
  result.tiles = chip.tiles();
  const std::vector<Ram> rams = chip_rams(chip.value());
  for (const Ram& ram : rams) {
    result.bits += ram.bits();
    result.memories.push_back({ram.name, ram.width, ram.depth, ram.count});
  }
  for (const Fpga& fpga : fpgas()) {
    const FpgaUse use = use_of(rams, fpga);
    result.fpgas.push_back({std::string(fpga.name), std::string(fpga.device),
                            std::string(fpga.family.block_name), use.blocks, fpga.blocks, use.ultra,
                            fpga.ultra, use.lut_bits, use.fits});
  }
  return result;
}

std::string to_text(const ChipMemories& memories) {
  std::string text = line("chip %s: %u tiles, %.1f Kb of memory\n", memories.chip.c_str(), memories.tiles,
                          static_cast<double>(memories.bits) / 1024);
  text += line("%8s %8s %8s %12s  memory\n", "width", "words", "number", "Kb");
  for (const ChipMemory& memory : memories.memories)
    text += line("%8llu %8llu %8llu %12.1f  %s\n", static_cast<unsigned long long>(memory.width),
                 static_cast<unsigned long long>(memory.depth), static_cast<unsigned long long>(memory.count),
                 static_cast<double>(memory.width * memory.depth * memory.count) / 1024, memory.name.c_str());
  text += "memories on FPGAs (logic is not counted):\n";
  for (const FpgaFit& fpga : memories.fpgas) {
    text += line("%12s  %-7s %.1f of %llu %s", fpga.name.c_str(), fpga.fits ? "fit" : "do not:", fpga.blocks,
                 static_cast<unsigned long long>(fpga.blocks_available), fpga.block_name.c_str());
    if (fpga.ultra_available != 0)
      text += line(", %llu of %llu UltraRAMs", static_cast<unsigned long long>(fpga.ultra),
                   static_cast<unsigned long long>(fpga.ultra_available));
    text += "\n";
  }
  return text;
}

std::string to_json(const ChipMemories& memories) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["chip"] = memories.chip;
  json["tiles"] = memories.tiles;
  json["bits"] = memories.bits;
  json["memories"] = nlohmann::ordered_json::array();
  for (const ChipMemory& memory : memories.memories)
    json["memories"].push_back(
        {{"name", memory.name}, {"width", memory.width}, {"depth", memory.depth}, {"count", memory.count}});
  json["fpgas"] = nlohmann::ordered_json::array();
  for (const FpgaFit& fpga : memories.fpgas)
    json["fpgas"].push_back({{"name", fpga.name},
                             {"device", fpga.device},
                             {"block", fpga.block_name},
                             {"blocks", fpga.blocks},
                             {"blocks_available", fpga.blocks_available},
                             {"ultra", fpga.ultra},
                             {"ultra_available", fpga.ultra_available},
                             {"lut_bits", fpga.lut_bits},
                             {"fits", fpga.fits}});
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom
