#include "compiler/data/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "compiler/base/error.hpp"

namespace spikeloom {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are kept as the files have them");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxDimensions = 32;

struct TypeRow {
  ElementType type;
  std::string_view name;  ///< as in a header, without byte order
  std::size_t bytes;
};
constexpr std::array<TypeRow, 11> kTypes{{{ElementType::kBool, "b1", 1},
                                          {ElementType::kU1, "u1", 1},
                                          {ElementType::kI1, "i1", 1},
                                          {ElementType::kU2, "u2", 2},
                                          {ElementType::kI2, "i2", 2},
                                          {ElementType::kU4, "u4", 4},
                                          {ElementType::kI4, "i4", 4},
                                          {ElementType::kU8, "u8", 8},
                                          {ElementType::kI8, "i8", 8},
                                          {ElementType::kF4, "f4", 4},
                                          {ElementType::kF8, "f8", 8}}};

const TypeRow& row_of(ElementType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row;
  }
  internal_error("an array of numbers", __FILE__, __LINE__);
}

/// The product, or nothing where it does not fit.
std::optional<std::size_t> checked_product(std::span<const std::size_t> factors) {
  std::size_t product = 1;
  for (const std::size_t factor : factors) {
    if (factor != 0 && product > std::numeric_limits<std::size_t>::max() / factor) return std::nullopt;
    product *= factor;
  }
  return product;
}

/// The Python literal that is a .npy header: a dict with 'descr', 'fortran_order' and 'shape'.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        if (peek() == '[')
          fields = field_list();
        else
          descr = quoted();
      } else if (key == "fortran_order") {
        fortran = boolean();
      } else if (key == "shape") {
        shape = tuple();
      } else {
        throw input_error("the header has an unknown key '" + key + "'");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if ((!descr && fields.empty()) || !fortran || !shape) {
      throw input_error("the header lacks one of 'descr', 'fortran_order', 'shape'");
    }
  }

  struct Field {
    std::string name, descr;
  };
  std::optional<std::string> descr;
  std::vector<Field> fields;  ///< of a structured array, instead of descr
  std::optional<bool> fortran;
  std::optional<std::vector<std::size_t>> shape;

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) throw input_error(std::string("the header is malformed, expected '") + c + "'");
  }
  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') throw input_error("the header is malformed, expected a quoted text");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) throw input_error("the header is malformed, a text does not end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  /// [('x', '<i2'), ('', '|V2'), (('title', 't'), '<i8')]: names, with titles or without, and types.
  std::vector<Field> field_list() {
    constexpr std::size_t kMostFields = 64;
    std::vector<Field> list;
    expect('[');
    while (!accept(']')) {
      expect('(');
      Field field;
      if (accept('(')) {
        static_cast<void>(quoted());
        expect(',');
        field.name = quoted();
        accept(',');
        expect(')');
      } else {
        field.name = quoted();
      }
      expect(',');
      if (peek() == '[') throw input_error("field '" + field.name + "' has fields of its own");
      field.descr = quoted();
      if (accept(',') && peek() == '(') throw input_error("field '" + field.name + "' holds arrays");
      expect(')');
      list.push_back(std::move(field));
      if (list.size() > kMostFields) throw input_error("a structured array of more than 64 fields");
      if (!accept(',')) {
        expect(']');
        break;
      }
    }
    return list;
  }
  bool boolean() {
    peek();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    throw input_error("the header is malformed, expected True or False");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> values;
    expect('(');
    while (!accept(')')) {
      peek();
      std::size_t value = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
      if (error != std::errc()) throw input_error("the header is malformed, expected a size");
      at_ += static_cast<std::size_t>(end - begin);
      accept('L');  // Python 2 wrote long integers so
      values.push_back(value);
      if (values.size() > kMaxDimensions) throw input_error("the array has more than 32 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void append_utf8(std::string& text, std::uint32_t code) {
  if (code > 0x10ffffU || (code >= 0xd800U && code < 0xe000U))
    throw input_error("a text holds an invalid character");
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80U) {
    put(code);
  } else if (code < 0x800U) {
    put(0xc0U | (code >> 6U));
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000U) {
    put(0xe0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3fU));
    put(0x80U | ((code >> 6U) & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

/// `count` texts of `length` characters each: four bytes a character for U, one for S.
std::vector<std::string> parse_texts(std::span<const std::uint8_t> data, std::size_t count,
                                     std::size_t length, std::size_t bytes_each) {
  std::vector<std::string> texts(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t pending_zeros = 0;  // zeros at the end are padding, others belong to the text
    for (std::size_t c = 0; c < length; ++c) {
      std::uint32_t code = 0;
      std::memcpy(&code, data.data() + (i * length + c) * bytes_each, bytes_each);
      if (code == 0) {
        ++pending_zeros;
        continue;
      }
      texts[i].append(pending_zeros, '\0');
      pending_zeros = 0;
      append_utf8(texts[i], code);
    }
  }
  return texts;
}

/// The code points of a UTF-8 text that this program made or `parse_texts` checked.
std::vector<std::uint32_t> code_points(const std::string& text) {
  std::vector<std::uint32_t> codes;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[at]);
    const std::size_t more = first < 0xc0U ? 0 : first < 0xe0U ? 1 : first < 0xf0U ? 2 : 3;
    std::uint32_t code = more == 0 ? first : first & (0x3fU >> more);
    for (std::size_t k = 1; k <= more && at + k < text.size(); ++k) {
      code = (code << 6U) | (static_cast<std::uint8_t>(text[at + k]) & 0x3fU);
    }
    codes.push_back(code);
    at += more + 1;
  }
  return codes;
}

/// From Fortran order (first index fastest) to C order (last index fastest).
std::vector<std::uint8_t> to_c_order(std::span<const std::uint8_t> data,
                                     const std::vector<std::size_t>& shape, std::size_t item) {
  std::vector<std::uint8_t> result(data.size());
  std::vector<std::size_t> index(shape.size(), 0);
  std::vector<std::size_t> stride(shape.size(), item);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  for (std::size_t to = 0; to < data.size(); to += item) {
    std::size_t from = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) from += index[d] * stride[d];
    std::memcpy(result.data() + to, data.data() + from, item);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return result;
}

template <class T>
T load(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at * sizeof(T), sizeof(T));
  return value;
}

template <class T>
std::vector<std::uint8_t> bytes_of(std::span<const T> values) {
  std::vector<std::uint8_t> bytes(values.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

void check_count(const std::vector<std::size_t>& shape, std::size_t found) {
  const auto expected = checked_product(shape);
  if (!expected || *expected != found) {
    throw input_error("an array of shape " + print_shape(shape) + " got " + std::to_string(found) +
                      " values");
  }
}

struct Description {
  std::optional<ElementType> type;  ///< of numbers
  std::size_t text_length = 0;      ///< of texts, in characters
  std::size_t item_bytes = 1;
  std::size_t bytes_per_character = 0;  ///< 0: numbers
};

Description parse_description(const std::string& descr) {
  const auto refuse = [&](const std::string& why) {
    return input_error("element type '" + descr + "' is not supported (" + why +
                       "); expected b1, u1, i1, u2, i2, u4, i4, u8, i8, f4, f8 or text, little-endian");
  };
  if (descr.empty()) throw refuse("empty");
  std::string_view rest = descr;
  const char order = rest.front();
  if (order == '<' || order == '>' || order == '|' || order == '=') rest.remove_prefix(1);
  if (rest == "?") rest = "b1";
  if (order == '>' && rest != "u1" && rest != "i1" && rest != "b1") throw refuse("big-endian");
  if (rest.starts_with("O")) throw refuse("Python objects");
  for (const TypeRow& row : kTypes) {
    if (row.name == rest)
      return {.type = row.type, .text_length = 0, .item_bytes = row.bytes, .bytes_per_character = 0};
  }
  if (rest.starts_with("U") || rest.starts_with("S")) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), length);
    if (error != std::errc() || end != rest.data() + rest.size() || length > (1U << 20U))
      throw refuse("text length");
    const std::size_t each = rest.front() == 'U' ? 4 : 1;
    return {.type = std::nullopt,
            .text_length = length,
            .item_bytes = each * length,
            .bytes_per_character = each};
  }
  if (rest == "f2") throw refuse("half precision");
  if (rest.starts_with("c")) throw refuse("complex");
  throw refuse("unknown");
}

/// Throws where the bytes are not those of the shape; else the number of elements.
std::size_t check_bytes(const std::string& what, const std::vector<std::size_t>& shape, std::size_t each,
                        std::size_t found) {
  std::vector<std::size_t> factors = shape;
  const auto count = checked_product(factors);
  factors.push_back(each);
  const auto expected = checked_product(factors);
  if (!count || !expected || *expected != found) {
    throw input_error("an array '" + what + "' of shape " + print_shape(shape) + " needs " +
                      (expected ? std::to_string(*expected) : std::string("too many")) + " bytes, found " +
                      std::to_string(found));
  }
  return *count;
}

/// One field of a structured array, or padding between fields.
struct Column {
  std::string name;
  std::optional<ElementType> type;  ///< none: padding
  std::size_t at = 0, bytes = 0;    ///< within a record
  bool big_endian = false;
};

std::vector<Column> columns_of(const std::vector<HeaderParser::Field>& fields) {
  std::vector<Column> columns;
  std::size_t at = 0;
  for (const HeaderParser::Field& field : fields) {
    Column column{.name = field.name, .type = std::nullopt, .at = at, .bytes = 0, .big_endian = false};
    try {
      if (field.descr.starts_with("|V")) {
        const char* end = field.descr.data() + field.descr.size();
        const auto read = std::from_chars(field.descr.data() + 2, end, column.bytes);
        if (read.ec != std::errc() || read.ptr != end || column.bytes > (1U << 20U))
          throw input_error("padding '" + field.descr + "' is malformed");
      } else {
        std::string descr = field.descr;
        column.big_endian = descr.starts_with('>');
        if (column.big_endian) descr[0] = '<';
        const Description description = parse_description(descr);
        if (!description.type) throw input_error("holds texts, expected numbers");
        column.type = description.type;
        column.bytes = description.item_bytes;
      }
    } catch (const Error& error) {
      throw error.within("field '" + field.name + "'");
    }
    at += column.bytes;
    columns.push_back(std::move(column));
  }
  return columns;
}

/// Of a record.
std::size_t item_bytes(const std::vector<Column>& columns) {
  return columns.empty() ? 0 : columns.back().at + columns.back().bytes;
}

/// One field of every record.
std::vector<std::uint8_t> gathered(std::span<const std::uint8_t> data, const Column& column,
                                   std::size_t record) {
  std::vector<std::uint8_t> values;
  values.reserve(data.size() / record * column.bytes);
  for (std::size_t at = column.at; at < data.size(); at += record) {
    const auto value = data.subspan(at, column.bytes);
    if (column.big_endian)
      values.insert(values.end(), value.rbegin(), value.rend());
    else
      values.insert(values.end(), value.begin(), value.end());
  }
  return values;
}

}  // namespace

std::string_view name_of(ElementType type) { return type == ElementType::kText ? "U" : row_of(type).name; }

std::string print_shape(std::span<const std::size_t> shape) {
  std::string text = "(";
  for (std::size_t d = 0; d < shape.size(); ++d) text += (d == 0 ? "" : ", ") + std::to_string(shape[d]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

Array Array::of_bytes(std::vector<std::size_t> shape, std::vector<std::uint8_t> values) {
  check_count(shape, values.size());
  Array array;
  array.shape_ = std::move(shape);
  array.size_ = values.size();
  array.bytes_ = std::move(values);
  return array;
}

Array Array::of_i4(std::vector<std::size_t> shape, std::span<const std::int32_t> values) {
  check_count(shape, values.size());
  Array array;
  array.type_ = ElementType::kI4;
  array.shape_ = std::move(shape);
  array.size_ = values.size();
  array.bytes_ = bytes_of(values);
  return array;
}

Array Array::of_i8(std::vector<std::size_t> shape, std::span<const std::int64_t> values) {
  check_count(shape, values.size());
  Array array;
  array.type_ = ElementType::kI8;
  array.shape_ = std::move(shape);
  array.size_ = values.size();
  array.bytes_ = bytes_of(values);
  return array;
}

Array Array::of_f8(std::vector<std::size_t> shape, std::span<const double> values) {
  check_count(shape, values.size());
  Array array;
  array.type_ = ElementType::kF8;
  array.shape_ = std::move(shape);
  array.size_ = values.size();
  array.bytes_ = bytes_of(values);
  return array;
}

Array Array::of_texts(std::vector<std::string> values) {
  Array array;
  array.type_ = ElementType::kText;
  array.shape_ = {values.size()};
  array.size_ = values.size();
  array.texts_ = std::move(values);
  return array;
}

Array Array::of_text(std::string value) {
  Array array = of_texts({std::move(value)});
  array.shape_.clear();
  return array;
}

double Array::real(std::size_t at) const {
  SPIKELOOM_CHECK(at < size_);
  switch (type_) {
    case ElementType::kBool:
      return bytes_[at] != 0 ? 1 : 0;
    case ElementType::kU1:
      return bytes_[at];
    case ElementType::kI1:
      return load<std::int8_t>(bytes_, at);
    case ElementType::kU2:
      return load<std::uint16_t>(bytes_, at);
    case ElementType::kI2:
      return load<std::int16_t>(bytes_, at);
    case ElementType::kU4:
      return load<std::uint32_t>(bytes_, at);
    case ElementType::kI4:
      return load<std::int32_t>(bytes_, at);
    case ElementType::kU8:
      return static_cast<double>(load<std::uint64_t>(bytes_, at));
    case ElementType::kI8:
      return static_cast<double>(load<std::int64_t>(bytes_, at));
    case ElementType::kF4:
      return static_cast<double>(load<float>(bytes_, at));
    case ElementType::kF8:
      return load<double>(bytes_, at);
    case ElementType::kText:
      break;
  }
  internal_error("a number asked of a text array", __FILE__, __LINE__);
}

std::int64_t Array::integer(std::size_t at) const {
  if (type_ == ElementType::kI8) return load<std::int64_t>(bytes_, at);
  if (type_ == ElementType::kU8) {
    const auto value = load<std::uint64_t>(bytes_, at);
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      throw input_error("expected an integer of 64 bits with sign, found " + std::to_string(value));
    }
    return static_cast<std::int64_t>(value);
  }
  const double value = real(at);
  if (!(value >= -0x1p63 && value < 0x1p63) || value != std::floor(value)) {
    throw input_error("expected an integer, found " + print(at));
  }
  return static_cast<std::int64_t>(value);
}

std::string Array::print(std::size_t at) const {
  if (is_text()) return texts_.at(at);
  if (type_ == ElementType::kU8) return std::to_string(load<std::uint64_t>(bytes_, at));
  if (!is_real()) return std::to_string(integer(at));
  std::array<char, 64> buffer{};
  const auto result =
      type_ == ElementType::kF4
          ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), load<float>(bytes_, at))
          : std::to_chars(buffer.data(), buffer.data() + buffer.size(), real(at));
  return {buffer.data(), result.ptr};
}

std::string Array::describe() const { return std::string(name_of(type_)) + " " + print_shape(shape_); }

std::vector<std::uint8_t> Array::to_npy() const {
  std::string descr;
  std::vector<std::uint8_t> data = bytes_;
  if (is_text()) {
    std::vector<std::vector<std::uint32_t>> texts;
    std::size_t length = 1;
    for (const std::string& text : texts_) {
      texts.push_back(code_points(text));
      length = std::max(length, texts.back().size());
    }
    descr = "<U" + std::to_string(length);
    std::vector<std::uint32_t> codes;
    for (std::vector<std::uint32_t>& text : texts) {
      text.resize(length, 0);
      codes.insert(codes.end(), text.begin(), text.end());
    }
    data = bytes_of(std::span<const std::uint32_t>(codes));
  } else {
    const TypeRow& row = row_of(type_);
    descr.push_back(row.bytes == 1 ? '|' : '<');
    descr += row.name;
  }
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + print_shape(shape_) + ", }";
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');  // data begins at a multiple of 64
  header.push_back('\n');
  std::string head(kMagic);
  for (const std::size_t byte :
       {std::size_t{1}, std::size_t{0}, header.size() & 0xffU, header.size() >> 8U}) {
    head.push_back(static_cast<char>(byte));
  }
  head += header;
  std::vector<std::uint8_t> file(head.size() + data.size());
  std::copy(head.begin(), head.end(), file.begin());
  std::copy(data.begin(), data.end(), file.begin() + static_cast<std::ptrdiff_t>(head.size()));
  return file;
}

Array parse_npy(std::span<const std::uint8_t> bytes) {
  std::variant<Array, Records> any = parse_any_npy(bytes);
  if (auto* array = std::get_if<Array>(&any)) return std::move(*array);
  throw input_error("a structured array (several named fields); expected plain numbers");
}

std::variant<Array, Records> parse_any_npy(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kMagic.size() + 4 || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    throw input_error("not a .npy array (it does not begin with \\x93NUMPY)");
  }
  const unsigned version = bytes[6];
  if (version < 1 || version > 3) {
    throw input_error(".npy version " + std::to_string(version) + " is not supported, expected 1, 2 or 3");
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::size_t begin = kMagic.size() + 2 + length_bytes;
  if (bytes.size() < begin) throw input_error("the file is cut off within its header");
  std::uint32_t header_length = 0;
  std::memcpy(&header_length, bytes.data() + kMagic.size() + 2, length_bytes);
  if (bytes.size() - begin < header_length) throw input_error("the file is cut off within its header");
  HeaderParser header({reinterpret_cast<const char*>(bytes.data()) + begin, header_length});
  header.parse();
  begin += header_length;
  const std::span<const std::uint8_t> data = bytes.subspan(begin);
  if (!header.descr) {
    const std::vector<Column> columns = columns_of(header.fields);
    const std::size_t count = check_bytes("structured", *header.shape, item_bytes(columns), data.size());
    if (header.shape->size() != 1)
      throw input_error("a structured array of shape " + print_shape(*header.shape) +
                        "; expected one dimension, that of the events");
    Records records;
    for (const Column& column : columns) {
      if (!column.type) continue;
      Array array;
      array.type_ = *column.type;
      array.shape_ = {count};
      array.size_ = count;
      array.bytes_ = gathered(data, column, item_bytes(columns));
      records.emplace_back(column.name, std::move(array));
    }
    return records;
  }

  const Description description = parse_description(*header.descr);
  const std::optional<std::size_t> count =
      check_bytes(*header.descr, *header.shape, description.item_bytes, data.size());
  if (description.item_bytes == 0 && *count > (1U << 20U)) throw input_error("too many empty texts");
  Array array;
  array.shape_ = *header.shape;
  array.size_ = *count;
  if (*header.fortran && array.shape_.size() > 1 && description.bytes_per_character != 0) {
    throw input_error("texts in Fortran order are not supported");
  }
  if (description.bytes_per_character != 0) {
    array.type_ = ElementType::kText;
    array.texts_ = parse_texts(data, *count, description.text_length, description.bytes_per_character);
  } else {
    array.type_ = *description.type;
    array.bytes_ = *header.fortran ? to_c_order(data, array.shape_, description.item_bytes)
                                   : std::vector<std::uint8_t>(data.begin(), data.end());
  }
  return array;
}

}  // namespace spikeloom
