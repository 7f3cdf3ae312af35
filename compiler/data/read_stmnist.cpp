// ST-MNIST: digits that were written on a tactile sensor of 10 × 10 taxels. A MAT file holds the matrix
// `spiketrain`, 101 × events: column by column 100 taxels (1 pressed, -1 let go, 0 nothing) and a time in
// seconds. Taxel a is column a mod 10 of row a / 10. Files of level 5 (versions 5 to 7) are read here; those
// of version 7.3 are HDF5 behind a block of 512 bytes that begins with the heading, each matrix a dataset of
// the extents backwards. Source: MathWorks' description of MAT files, level 5, and of their versions;
// See et al., arXiv 2005.04319, and the data set's page.
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "compiler/data/hdf5_file.hpp"
#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kMostBytes = std::size_t{1} << 30U;  ///< of an unpacked variable
constexpr std::size_t kTaxels = 100, kTaxelsInARow = 10;
constexpr std::size_t kRows = kTaxels + 1;

/// What a data element holds, by the number that stands in its tag.
enum MatType : std::uint32_t { kMatrix = 14, kCompressed = 15 };

template <class T>
T load_at(Bytes bytes, std::size_t at, const char* what) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T))
    throw input_error(std::string("the file ends within ") + what);
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

struct Element {
  std::uint32_t type = 0;
  Bytes data;
};

/// Takes the element that stands first off `bytes`. Elements of up to four bytes stand in their tag; others
/// but compressed ones fill whole words of eight bytes.
Element take_element(Bytes& bytes) {
  const auto first = load_at<std::uint32_t>(bytes, 0, "a tag");
  const std::size_t small = first >> 16U;
  if (small > 4) throw input_error("a small element claims " + std::to_string(small) + " bytes");
  const std::size_t size = small != 0 ? small : load_at<std::uint32_t>(bytes, 4, "a tag");
  const std::size_t begin = small != 0 ? 4 : 8;
  if (begin > bytes.size() || size > bytes.size() - begin)
    throw input_error("a data element should have " + std::to_string(size) + " bytes, and " +
                      std::to_string(bytes.size() - std::min(begin, bytes.size())) +
                      " are left; the file is cut off");
  const Element element{first & 0xffffU, bytes.subspan(begin, size)};
  const std::size_t padded = element.type == kCompressed ? begin + size : (begin + size + 7) / 8 * 8;
  bytes = bytes.subspan(std::min(padded, bytes.size()));
  return element;
}

std::vector<std::uint8_t> inflated(Bytes packed) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw input_error("zlib cannot be started");
  const auto close = [](z_stream* open) { inflateEnd(open); };
  const std::unique_ptr<z_stream, decltype(close)> closer(&stream, close);
  std::vector<std::uint8_t> all, block(std::size_t{1} << 16U);
  stream.next_in = const_cast<std::uint8_t*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  for (int status = Z_OK; status != Z_STREAM_END;) {
    stream.next_out = block.data();
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END)
      throw input_error("a compressed variable cannot be unpacked; the file is damaged or cut off");
    all.insert(all.end(), block.begin(), block.end() - stream.avail_out);
    if (all.size() > kMostBytes) throw input_error("a variable of more than 1 GiB; the file is damaged");
  }
  return all;
}

template <class T>
std::vector<double> numbers(Bytes data) {
  std::vector<double> values(data.size() / sizeof(T));
  for (std::size_t n = 0; n < values.size(); ++n) {
    T value{};
    std::memcpy(&value, data.data() + n * sizeof(T), sizeof(T));
    values[n] = static_cast<double>(value);
  }
  return values;
}

std::vector<double> numbers(const Element& element) {
  switch (element.type) {
    case 1:
      return numbers<std::int8_t>(element.data);
    case 2:
      return numbers<std::uint8_t>(element.data);
    case 3:
      return numbers<std::int16_t>(element.data);
    case 4:
      return numbers<std::uint16_t>(element.data);
    case 5:
      return numbers<std::int32_t>(element.data);
    case 6:
      return numbers<std::uint32_t>(element.data);
    case 7:
      return numbers<float>(element.data);
    case 9:
      return numbers<double>(element.data);
    case 12:
      return numbers<std::int64_t>(element.data);
    case 13:
      return numbers<std::uint64_t>(element.data);
    default:
      throw input_error("numbers of type " + std::to_string(element.type) +
                        "; expected 1 to 7, 9, 12 or 13 (integers and reals)");
  }
}

/// A variable whose numbers are not unpacked yet.
struct Matrix {
  std::string name;
  std::vector<double> extents;
  Bytes rest;  ///< elements from the numbers on
};

Matrix matrix_of(Bytes body) {
  constexpr std::uint32_t kComplex = 0x800;
  const Element flags = take_element(body);
  const std::uint32_t kind = load_at<std::uint32_t>(flags.data, 0, "a variable's flags");
  const std::vector<double> extents = numbers(take_element(body));
  const Element name = take_element(body);
  Matrix matrix{std::string(name.data.begin(), name.data.end()), extents, body};
  const std::uint32_t array_class = kind & 0xffU;
  if (array_class < 6 || array_class > 15 || (kind & kComplex) != 0) matrix.rest = {};
  return matrix;
}

[[noreturn]] void refuse(const std::string& found) {
  throw input_error("expected the variable spiketrain of 101 rows (100 taxels and a time), found " + found);
}

/// All numbers of the matrix, column by column.
std::vector<double> numbers_of(const Matrix& matrix) {
  if (matrix.extents.size() != 2 || matrix.extents[0] != kRows || matrix.rest.empty())
    refuse("it with other extents, or without real numbers");
  Bytes rest = matrix.rest;
  std::vector<double> values = numbers(take_element(rest));
  if (!(static_cast<double>(values.size()) == matrix.extents[0] * matrix.extents[1]))
    throw input_error("spiketrain should have 101 x " + std::to_string(matrix.extents[1]) +
                      " numbers and has " + std::to_string(values.size()));
  return values;
}

std::vector<double> numbers_in_level_5(Bytes rest) {
  std::string names;
  while (!rest.empty()) {
    Element element = take_element(rest);
    std::vector<std::uint8_t> unpacked;
    if (element.type == kCompressed) {
      unpacked = inflated(element.data);
      Bytes inside(unpacked);
      element = take_element(inside);
    }
    if (element.type != kMatrix) continue;
    const Matrix matrix = matrix_of(element.data);
    if (matrix.name == "spiketrain") return numbers_of(matrix);
    names += (names.empty() ? "" : ", ") + matrix.name;
  }
  refuse(names.empty() ? "no variable" : names);
}

std::vector<double> numbers_in_hdf5(Bytes bytes) {
  const std::string packed = in_hdf5_child(bytes.size(), [&] {
    const Hdf5File file(bytes);
    if (!file.has("spiketrain")) refuse(join(file.names_in("")));
    const Hdf5Table table = file.table("", "spiketrain");
    const std::vector<std::size_t>& shape = table.shape();
    if (table.holds_lists() || shape.size() != 2 || shape[1] != kRows) refuse("it with other extents");
    if (shape[0] > kMostBytes / (kRows * sizeof(double)))
      throw input_error("spiketrain of more than 1 GiB; the file is damaged");
    std::string text;
    for (std::size_t column = 0; column < table.samples(); ++column) {
      const std::vector<double> values = table.sample(column);
      text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    }
    return text;
  });
  std::vector<double> values(packed.size() / sizeof(double));
  std::memcpy(values.data(), packed.data(), values.size() * sizeof(double));
  return values;
}

CameraEvents events_of(std::span<const double> values) {
  CameraEvents events;
  for (std::size_t column = 0; column < values.size() / kRows; ++column) {
    const double* at = values.data() + column * kRows;
    // Whole microseconds, as the data set's loaders have them.
    const double time = std::floor(at[kTaxels] * 1e6);
    if (!std::isfinite(time))
      throw input_error("spiketrain: the time of column " + std::to_string(column) + " is not finite");
    for (std::size_t taxel = 0; taxel < kTaxels; ++taxel) {
      if (at[taxel] == 0) continue;
      if (at[taxel] != 1 && at[taxel] != -1)
        throw input_error("spiketrain: taxel " + std::to_string(taxel) + " of column " +
                          std::to_string(column) + " is " + std::to_string(at[taxel]) +
                          ", expected -1, 0 or 1");
      events.add(time, static_cast<std::uint32_t>(taxel % kTaxelsInARow),
                 static_cast<std::uint32_t>(taxel / kTaxelsInARow), at[taxel] > 0 ? 1 : 0);
    }
  }
  return events;
}

}  // namespace

CameraEvents decode_stmnist(const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < kHeaderBytes) throw input_error("the file ends within its heading of 128 bytes");
  const std::string_view heading(reinterpret_cast<const char*>(bytes.data()), kHeaderBytes);
  if (heading.starts_with("MATLAB 7.3")) return events_of(numbers_in_hdf5(bytes));
  if (heading.substr(126) != "IM" || (bytes[125] != 1))
    throw input_error("no MAT file of level 5 in little-endian order");
  return events_of(numbers_in_level_5(Bytes(bytes).subspan(kHeaderBytes)));
}

}  // namespace spikeloom::readers
