// The emulation xclbin: where XRT looks for its parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/emulation/xclbin.hpp"

namespace spikeloom::emulation {
namespace {

using ::testing::HasSubstr;

KernelInterface small_kernel() {
  return {.name = "k",
          .control_port = "s_axi_control",
          .memory_port = "m_axi_gmem",
          .memory_bits = 32,
          .arguments = {{"in", 0x10, 8, true}, {"out", 0x1c, 8, true}, {"n", 0x28, 4, false}}};
}

std::uint64_t word(const Bytes& file, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{file.at(at + i)} << (8 * i);
  return value;
}

/// By the section headers alone: 40 bytes each from 456; kind, name of 16, offset at 24, size at 32.
Bytes section(const Bytes& file, std::uint64_t kind) {
  for (std::size_t i = 0; i < word(file, 448, 4); ++i) {
    const std::size_t at = 456 + 40 * i;
    if (word(file, at, 4) != kind) continue;
    const auto first = file.begin() + static_cast<std::ptrdiff_t>(word(file, at + 24, 8));
    EXPECT_EQ(word(file, at + 24, 8) % 8, 0U);
    return {first, first + static_cast<std::ptrdiff_t>(word(file, at + 32, 8))};
  }
  ADD_FAILURE() << "no section " << kind;
  return {};
}

TEST(HwEmuXclbin, HeaderSaysHardwareEmulationAndItsOwnLength) {
  const Bytes file = emulation_xclbin(small_kernel(), "p");
  EXPECT_EQ(std::string(file.begin(), file.begin() + 8), std::string("xclbin2\0", 8));
  EXPECT_EQ(word(file, 8, 4), 0xffffffffU);
  EXPECT_EQ(word(file, 304, 8), file.size());  // 8 + 4 + 28 + 256 + 8
  EXPECT_EQ(word(file, 332, 2), 4U);           // XCLBIN_HW_EMU
  EXPECT_EQ(word(file, 448, 4), 4U);           // sections
}

TEST(HwEmuXclbin, OneBankOfMemoryFromZero) {
  const Bytes expected = {1,   0,   0,    0,   0,   0, 0, 0,  // count
                          2,   1,   0,    0,   0,   0, 0, 0,  // DDR4, used
                          0,   0,   0x40, 0,   0,   0, 0, 0,  // 4 GiB in KiB
                          0,   0,   0,    0,   0,   0, 0, 0,  // base
                          'b', 'a', 'n',  'k', '0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(section(emulation_xclbin(small_kernel(), "p"), 6), expected);
}

TEST(HwEmuXclbin, ConnectsEveryBufferArgumentToTheBank) {
  const Bytes expected = {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(section(emulation_xclbin(small_kernel(), "p"), 7), expected);
}

TEST(HwEmuXclbin, PlacesOneComputeUnit) {
  Bytes expected = {1, 0, 0, 0,    0, 0, 0, 0, 1, 0,   0,   0,   0,   0,  0,
                    0, 0, 0, 0x80, 1, 0, 0, 0, 0, 'k', ':', 'k', '_', '1'};
  expected.resize(88, 0);
  EXPECT_EQ(section(emulation_xclbin(small_kernel(), "p"), 8), expected);
}

TEST(HwEmuXclbin, MetadataNamesPortsAndArguments) {
  const Bytes bytes = section(emulation_xclbin(small_kernel(), "p"), 2);
  const std::string xml(bytes.begin(), bytes.end());
  EXPECT_EQ(xml, embedded_metadata(small_kernel(), "p"));
  EXPECT_THAT(xml, HasSubstr("<arg name=\"out\" addressQualifier=\"1\" id=\"1\" port=\"m_axi_gmem\" "
                             "size=\"0x8\" offset=\"0x1c\" "
                             "hostOffset=\"0x0\" hostSize=\"0x8\" type=\"ulong*\"/>"));
  EXPECT_THAT(xml, HasSubstr("<arg name=\"n\" addressQualifier=\"0\" id=\"2\" port=\"s_axi_control\" "
                             "size=\"0x4\" offset=\"0x28\" "
                             "hostOffset=\"0x0\" hostSize=\"0x4\" type=\"uint\"/>"));
  EXPECT_THAT(xml, HasSubstr("<addrRemap base=\"0x1800000\" range=\"0x10000\" port=\"s_axi_control\"/>"));
}

TEST(HwEmuXclbin, IsTheSameForTheSameAndAnotherForAnother) {
  EXPECT_EQ(emulation_xclbin(small_kernel(), "p"), emulation_xclbin(small_kernel(), "p"));
  EXPECT_NE(emulation_xclbin(small_kernel(), "p"), emulation_xclbin(small_kernel(), "q"));
}

TEST(HwEmuFiles, TheFirstMessageIsLargerThanAnyPacket) {
  const std::string ini = xrt_ini("/folder");
  EXPECT_THAT(ini, HasSubstr("packet_size=65536\n"));
  EXPECT_THAT(ini, HasSubstr("sim_dir=/folder\n"));
  const std::size_t value = ini.find("emu_rpc_buffer=") + std::string("emu_rpc_buffer=").size();
  EXPECT_GE(ini.find('\n', value) - value, 65536U + 200);
  EXPECT_THAT(emconfig("card"), HasSubstr("\"Name\":\"card\""));
}

}  // namespace
}  // namespace spikeloom::emulation
