#include "host/emulation/xclbin.hpp"

#include <cstdio>
#include <utility>

#include "compiler/base/error.hpp"

namespace spikeloom::emulation {
namespace {

// Layout: struct axlf of <xrt/xclbin.h>, XRT 2.13; its static assertions give the sizes.
constexpr std::size_t kHeaderBytes = 456;
constexpr std::size_t kSectionHeaderBytes = 40;
constexpr std::uint16_t kHardwareEmulation = 4;
enum Section : std::uint32_t { kEmbeddedMetadata = 2, kMemTopology = 6, kConnectivity = 7, kIpLayout = 8 };

constexpr std::size_t kPacketBytes = 65536;
constexpr std::size_t kMessageOverhead = 256;  // fields around the largest packet

class Writer {
 public:
  void word(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) data_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void fill(std::size_t count, std::uint8_t value) { data_.insert(data_.end(), count, value); }
  /// `size` bytes, zero-filled; at least one zero stays.
  void text(const std::string& value, std::size_t size) {
    SPIKELOOM_CHECK(value.size() < size);
    data_.insert(data_.end(), value.begin(), value.end());
    fill(size - value.size(), 0);
  }
  void append(const Bytes& other) { data_.insert(data_.end(), other.begin(), other.end()); }
  [[nodiscard]] std::size_t size() const { return data_.size(); }
  [[nodiscard]] Bytes take() { return std::move(data_); }

 private:
  Bytes data_;
};

Bytes mem_topology() {
  Writer out;
  out.word(1, 4);
  out.fill(4, 0);
  constexpr std::uint8_t kDdr4 = 2;
  out.word(kDdr4, 1);
  out.word(1, 1);  // used
  out.fill(6, 0);
  out.word(kMemoryKilobytes, 8);
  out.word(0, 8);  // base
  out.text("bank0", 16);
  return out.take();
}

std::string instance_of(const KernelInterface& kernel) { return kernel.name + "_1"; }

Bytes ip_layout(const KernelInterface& kernel) {
  Writer out;
  out.word(1, 4);
  out.fill(4, 0);
  constexpr std::uint32_t kIpKernel = 1;
  out.word(kIpKernel, 4);
  out.word(0, 4);  // control AP_CTRL_HS, no interrupt
  out.word(kKernelBase, 8);
  out.text(kernel.name + ":" + instance_of(kernel), 64);
  return out.take();
}

Bytes connectivity(const KernelInterface& kernel) {
  Writer entries;
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < kernel.arguments.size(); ++i) {
    if (!kernel.arguments[i].global) continue;
    ++count;
    entries.word(i, 4);
    entries.word(0, 4);  // kernel
    entries.word(0, 4);  // memory
  }
  Writer out;
  out.word(count, 4);
  out.append(entries.take());
  return out.take();
}

std::string hex(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string argument(const KernelInterface& kernel, std::size_t number) {
  const KernelArgument& argument = kernel.arguments[number];
  const std::string size = hex(argument.bytes);
  return "<arg name=\"" + argument.name + "\" addressQualifier=\"" + (argument.global ? "1" : "0") +
         "\" id=\"" + std::to_string(number) + "\" port=\"" +
         (argument.global ? kernel.memory_port : kernel.control_port) + "\" size=\"" + size + "\" offset=\"" +
         hex(argument.offset) + "\" hostOffset=\"0x0\" hostSize=\"" + size + "\" type=\"" +
         (argument.global ? "ulong*" : "uint") + "\"/>\n";
}

}  // namespace

std::string embedded_metadata(const KernelInterface& kernel, const std::string& project) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project name=\"" + project +
      "\"><platform vendor=\"spikeloom\" boardid=\"emulation\" name=\"emulation\" featureRomTime=\"0\">"
      "<version major=\"1\" minor=\"0\"/><description/>\n"
      "<board name=\"emulation\" vendor=\"spikeloom\" fpga=\"\"><interfaces/><memories><memory name=\"ddr0\" "
      "type=\"ddr4\" "
      "size=\"4GB\"/></memories></board>\n<host architecture=\"x86_64\"/>\n"
      "<device name=\"fpga0\" fpgaDevice=\"virtexuplus:xcu50:fsvh2104:-2:e\" addrWidth=\"0\">"
      "<systemClocks><clock port=\"KERNEL_CLK\" frequency=\"300.0MHz\"/></systemClocks>\n"
      "<core name=\"OCL_REGION_0\" target=\"hw_em\" type=\"clc_region\" clockFreq=\"300MHz\" "
      "numComputeUnits=\"1\">"
      "<kernelClocks><clock port=\"KERNEL_CLK\" frequency=\"300.000000MHz\"/></kernelClocks>\n"
      "<kernel name=\"" +
      kernel.name + "\" language=\"ip_c\" vlnv=\"spikeloom:kernel:" + kernel.name +
      ":1.0\" attributes=\"\" preferredWorkGroupSizeMultiple=\"0\" workGroupSize=\"1\" interrupt=\"true\" "
      "hwControlProtocol=\"ap_ctrl_hs\">\n"
      "<port name=\"" +
      kernel.memory_port + "\" mode=\"master\" range=\"0xFFFFFFFFFFFFFFFF\" dataWidth=\"" +
      std::to_string(kernel.memory_bits) +
      "\" portType=\"addressable\" base=\"0x0\"/>\n"
      "<port name=\"" +
      kernel.control_port +
      "\" mode=\"slave\" range=\"0x1000\" dataWidth=\"32\" portType=\"addressable\" "
      "base=\"0x0\"/>\n";
  for (std::size_t i = 0; i < kernel.arguments.size(); ++i) text += argument(kernel, i);
  return text +
         "<compileWorkGroupSize x=\"1\" y=\"1\" z=\"1\"/><maxWorkGroupSize x=\"1\" y=\"1\" "
         "z=\"1\"/>\n<instance name=\"" +
         instance_of(kernel) + "\"><addrRemap base=\"" + hex(kKernelBase) + "\" range=\"0x10000\" port=\"" +
         kernel.control_port + "\"/></instance>\n</kernel></core></device></platform></project>\n";
}

Bytes emulation_xclbin(const KernelInterface& kernel, const std::string& project) {
  const std::string metadata = embedded_metadata(kernel, project);
  const std::vector<std::pair<Section, Bytes>> sections = {
      {kEmbeddedMetadata, Bytes(metadata.begin(), metadata.end())},
      {kMemTopology, mem_topology()},
      {kConnectivity, connectivity(kernel)},
      {kIpLayout, ip_layout(kernel)}};
  Writer headers, data;
  const std::size_t first = (kHeaderBytes + sections.size() * kSectionHeaderBytes + 7) / 8 * 8;
  std::uint64_t identity = 14695981039346656037ULL;  // FNV-1a
  for (const auto& [kind, bytes] : sections) {
    headers.word(kind, 4);
    headers.text("", 16);
    headers.fill(4, 0);  // alignment
    headers.word(first + data.size(), 8);
    headers.word(bytes.size(), 8);
    data.append(bytes);
    data.fill((8 - data.size() % 8) % 8, 0);
    for (const std::uint8_t byte : bytes) identity = (identity ^ byte) * 1099511628211ULL;
  }
  Writer out;
  out.text("xclbin2", 8);
  out.word(0xffffffffU, 4);  // no signature
  out.fill(28, 0xff);
  out.fill(256, 0xff);
  out.word(identity, 8);
  out.word(first + data.size(), 8);
  out.word(1, 8);  // time stamp: not 0, and the same in every build
  out.word(0, 8);
  out.word(0, 2);
  out.word(2, 1);
  out.word(1, 1);  // version 2.1.0
  out.word(kHardwareEmulation, 2);
  out.word(0, 2);
  out.fill(16, 0);  // feature ROM
  out.text("spikeloom_emulation_1_0", 64);
  out.word(identity, 8);
  out.word(~identity, 8);  // UUID
  out.text("", 16);
  out.word(sections.size(), 4);
  out.fill(4, 0);
  SPIKELOOM_CHECK(out.size() == kHeaderBytes);
  out.append(headers.take());
  out.fill(first - out.size(), 0);
  out.append(data.take());
  return out.take();
}

std::string emconfig(const std::string& device) {
  // "OclFreqency" is XRT's spelling.
  return "{\"Version\":{\"FileVersion\":\"2.0\",\"ToolVersion\":\"2022.1\"},\n"
         " \"Platform\":{\"UnifiedPlatform\":\"false\",\"ExpandedPR\":\"false\",\"Boards\":[{\"NumBoards\":1,"
         "\"Devices\":[\n"
         "  {\"Name\":\"" +
         device +
         "\",\"HalMajorVersion\":1,\"HalMinorVersion\":0,\"VendorId\":4334,\"SubsystemVendorId\":0,\n"
         "   "
         "\"DeviceVersion\":0,\"DataAlignment\":4096,\"NumDevices\":2,\"DdrBanks\":[{\"Size\":\"4G\"}],"
         "\"OclFreqency\":300}]}]}}\n";
}

std::string xrt_ini(const std::string& simulation) {
  return "[Emulation]\npacket_size=" + std::to_string(kPacketBytes) +
         "\nsystem_dpa=false\nprint_infos_in_console=false\nprint_warnings_in_console=false\nkeep_run_dir="
         "false\nsim_dir=" +
         simulation + "\n[Debug]\nemu_rpc_buffer=" + std::string(kPacketBytes + kMessageOverhead, 'x') + "\n";
}

}  // namespace spikeloom::emulation
