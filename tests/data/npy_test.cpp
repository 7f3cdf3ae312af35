#include "compiler/data/npy.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/base/rng.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

/// A .npy file written by hand.
Bytes npy(const std::string& header, const Bytes& data, std::uint8_t version = 1) {
  Bytes file{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  const auto length = static_cast<std::uint32_t>(header.size());
  for (unsigned k = 0; k < (version == 1 ? 2U : 4U); ++k)
    file.push_back(static_cast<std::uint8_t>(length >> (8 * k)));
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

template <class T>
Bytes raw(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(Npy, ReadsEveryElementTypeThatItNames) {
  const auto second = [](const std::string& descr, const Bytes& data) {
    return parse_npy(npy(header(descr, "(2,)"), data)).real(1);
  };
  EXPECT_EQ(second("|b1", {0, 1}), 1);
  EXPECT_EQ(second("|u1", {0, 200}), 200);
  EXPECT_EQ(second("|i1", {0, 200}), -56);
  EXPECT_EQ(second("<u2", raw<std::uint16_t>({0, 60000})), 60000);
  EXPECT_EQ(second("<i2", raw<std::int16_t>({0, -7})), -7);
  EXPECT_EQ(second("<u4", raw<std::uint32_t>({0, 4000000000U})), 4000000000.0);
  EXPECT_EQ(second("<i4", raw<std::int32_t>({0, -70000})), -70000);
  EXPECT_EQ(second("<u8", raw<std::uint64_t>({0, 1ULL << 40U})), 0x1p40);
  EXPECT_EQ(second("<i8", raw<std::int64_t>({0, -(1LL << 40U)})), -0x1p40);
  EXPECT_EQ(second("<f4", raw<float>({0, 0.5F})), 0.5);
  EXPECT_EQ(second("<f8", raw<double>({0, 0.1})), 0.1);
}

TEST(Npy, ReadsVersionsOneToThreeAndRefusesOthers) {
  for (const auto version : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}})
    EXPECT_EQ(parse_npy(npy(header("|u1", "(1,)"), {7}, version)).real(0), 7);
  EXPECT_THAT(message_of([] { return parse_npy(npy(header("|u1", "(1,)"), {7}, 4)); }),
              HasSubstr("version 4"));
}

TEST(Npy, TurnsFortranOrderRound) {
  // [[1 2 3] [4 5 6]] by columns
  const Array array = parse_npy(npy(header("|u1", "(2, 3)", "True"), {1, 4, 2, 5, 3, 6}));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(array.integer(i), static_cast<std::int64_t>(i + 1));
}

TEST(Npy, RefusesOtherElementTypesByName) {
  for (const auto* descr : {">f4", "<f2", "<c8", "|O", "<M8[s]", "<f16", "<U", "|V4", ""}) {
    const std::string message = message_of([&] { return parse_npy(npy(header(descr, "(1,)"), Bytes(16))); });
    EXPECT_THAT(message, HasSubstr("element type '" + std::string(descr) + "' is not supported")) << descr;
  }
  const std::string structured = "{'descr': [('x', '<i4')], 'fortran_order': False, 'shape': (1,), }";
  EXPECT_THAT(message_of([&] { return parse_npy(npy(structured, Bytes(4))); }), HasSubstr("structured"));
}

TEST(Npy, SaysHowManyBytesAreMissing) {
  EXPECT_THAT(message_of([] { return parse_npy(npy(header("<i4", "(2, 3)"), Bytes(20))); }),
              HasSubstr("needs 24 bytes, found 20"));
  EXPECT_THAT(message_of([] { return parse_npy(npy(header("<i4", "(2, 3)"), Bytes(25))); }),
              HasSubstr("needs 24 bytes, found 25"));
  EXPECT_THAT(
      message_of([] { return parse_npy(npy(header("<i4", "(4294967296, 4294967296, 4)"), Bytes(16))); }),
      HasSubstr("too many bytes"));
  EXPECT_THAT(message_of([] { return parse_npy(Bytes{1, 2, 3}); }), HasSubstr("not a .npy array"));
}

TEST(Npy, WritesWhatItReads) {
  const std::vector<std::int32_t> i4{-1, 2, 3, std::numeric_limits<std::int32_t>::min()};
  const std::vector<double> f8{0.1, -1e300, NAN, INFINITY};
  for (const Array& array :
       {Array::of_bytes({2, 2}, {0, 1, 2, 255}), Array::of_i4({4}, i4), Array::of_f8({1, 4}, f8),
        Array::of_texts({"a", "", "größer €"}), Array::of_text("accumulate"), Array::of_bytes({0, 3}, {})}) {
    const Array again = parse_npy(array.to_npy());
    EXPECT_EQ(again.describe(), array.describe());
    for (std::size_t i = 0; i < array.size(); ++i) EXPECT_EQ(again.print(i), array.print(i));
    EXPECT_EQ(array.to_npy().size() % 4, 0U);
    EXPECT_EQ(again.to_npy(), array.to_npy());
  }
}

TEST(Npy, GivesIntegersOnlyWhereTheyAreExact) {
  const std::vector<double> values{3.0, 2.5, NAN, 1e19};
  const Array array = Array::of_f8({4}, values);
  EXPECT_EQ(array.integer(0), 3);
  for (const std::size_t i : {1U, 2U, 3U})
    EXPECT_THAT(message_of([&] { return array.integer(i); }), HasSubstr("expected an integer"));
  EXPECT_THAT(message_of([] { return Array::of_bytes({2}, {1}); }), HasSubstr("(2,) got 1 values"));
}

/// Damaged files end in an Error or a valid array, never in anything else.
TEST(Npy, SurvivesTenThousandDamagedFiles) {
  Rng rng(1);
  const std::vector<Bytes> seeds{npy(header("<i4", "(2, 3)", "True"), Bytes(24, 7)),
                                 npy(header("<U5", "(3,)"), Bytes(60, 0)),
                                 npy(header("|u1", "()"), Bytes(1), 2), Array::of_text("latency").to_npy()};
  std::size_t read = 0;
  for (int round = 0; round < 10000; ++round) {
    Bytes bytes = seeds[rng.below(seeds.size())];
    for (std::uint64_t edits = rng.below(4); edits > 0; --edits) {
      bytes[rng.below(bytes.size())] =
          static_cast<std::uint8_t>(rng.chance(0.5) ? "0123456789(),'{}<|L:"[rng.below(20)] : rng.below(256));
    }
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size() + 1));
    try {
      const Array array = parse_npy(bytes);
      for (std::size_t i = 0; i < array.size(); ++i) static_cast<void>(array.print(i));
      ++read;
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  EXPECT_GT(read, 100U);
}

}  // namespace
}  // namespace spikeloom
