// Walks a firing's page: valid chunks in rising order, in each its set bits, in each bit's row its weight
// words, segment by segment.
//
// Rate: one weight word a cycle, without gaps between words, segments, rows or chunks; a row of 0 words and a
// chunk without bits take a cycle each. A row has words x (repeats + 1) words. A chunk whose entry has
// `value` is one word whatever its bits, which go along with it (Sums).
// Latency: page_start_i in cycle s, the first word (or end_o, if there is none) in cycle s + 5; end_o, one
// cycle, in the cycle after the last word. Tables are written through cfg_*, in clock time, while no firing
// is in progress.
//
// A rigid pipeline: find a chunk | read chunk table and page | find a bit | read axon table | walk the row.
// Who waits reads its RAM again, so no stage relies on read data held by a RAM.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module row_scan #(
    `SPIKELOOM_PARAMETER_WeightFormats,
    `SPIKELOOM_PARAMETER_MaxShift,
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_ChunkEntries,
    `SPIKELOOM_PARAMETER_AxonEntries,
    `SPIKELOOM_PARAMETER_WeightWords,
    `SPIKELOOM_PARAMETER_Groups,
    `SPIKELOOM_PARAMETER_Lanes,
    `SPIKELOOM_PARAMETER_Sums,
    localparam int unsigned LaneBits = $clog2(Lanes),
    // What counts words or groups of a row: 0 to Groups.
    localparam int unsigned CountBits = $clog2(Groups) + 1,
    localparam int unsigned WeightBits = WeightWords > 1 ? $clog2(WeightWords) : 1,
    localparam int unsigned ShiftBits = MaxShift > 0 ? $clog2(MaxShift + 1) : 1,
    // Sub-words of the narrowest format in a memory word: 2^SubBits.
    localparam int unsigned SubBits =
        WeightFormats >= 8 ? 3 : WeightFormats >= 4 ? 2 : WeightFormats >= 2 ? 1 : 0,
    localparam int unsigned SubPortBits = SubBits > 0 ? SubBits : 1
) (
    input logic clk_i,
    input logic rst_i,
    input logic en_i,

    input  logic [15:0] ctx_chunk_i,
    input  logic        page_start_i,
    input  logic        page_any_i,
    input  logic [11:0] page_chunk_i,
    input  logic [spikeloom_pkg::CHUNK_BITS-1:0] page_mask_i,
    output logic        page_take_o,

    output logic                   end_o,
    output logic                   word_valid_o,
    output logic [ WeightBits-1:0] word_address_o,
    output logic [SubPortBits-1:0] word_sub_o,      // which sub-word, in units of the narrowest format
    output logic [            1:0] word_format_o,
    output logic [  CountBits-1:0] word_group_o,
    output logic [  ShiftBits-1:0] word_shift_o,
    output logic                   word_negate_o,
    output logic                   word_value_o,    // no weights: the number's half and whose it is
    output logic                   word_half_o,
    output logic [   LaneBits-1:0] word_lane_o,
    output logic [spikeloom_pkg::CHUNK_BITS-1:0] word_bits_o,

    input logic        cfg_chunk_we_i,
    input logic        cfg_axon_we_i,
    input logic [23:0] cfg_word_i,
    input logic [ 7:0] cfg_part_i,
    input logic [31:0] cfg_data_i
);
  localparam int unsigned EntryBits = ChunkEntries > 1 ? $clog2(ChunkEntries) : 1;
  localparam int unsigned AxonBits = AxonEntries > 1 ? $clog2(AxonEntries) : 1;
  localparam int unsigned RowBits = WeightBits + SubBits;  // logical word, any format
  localparam int unsigned LongBits = RowBits > AxonBits ? RowBits : AxonBits;
  localparam int unsigned FirstBits = Sums != 0 && LaneBits > LongBits ? LaneBits : LongBits;

  // Position in the weights in units of the narrowest format's words.
  function automatic logic [RowBits-1:0] position(input logic [RowBits-1:0] first, input logic [1:0] format);
    begin
      position = RowBits'(first << SubBits);
      if (SubBits >= 1 && format == spikeloom_pkg::FORMAT_W4) position = RowBits'(first << (SubBits - 1));
      if (SubBits >= 2 && format == spikeloom_pkg::FORMAT_W2) position = RowBits'(first << (SubBits - 2));
      if (SubBits >= 3 && format == spikeloom_pkg::FORMAT_W1) position = first;
    end
  endfunction

  // Configuration: every part's data stands at every part's place.
  localparam int unsigned Parts = spikeloom_pkg::MEM_CHUNK_ENTRY_WIDTH / 32;  // as many as an axon entry
  logic [spikeloom_pkg::MEM_CHUNK_ENTRY_WIDTH-1:0] cfg_entry;
  logic [FirstBits-1:0] cfg_first;
  logic unused_cfg;
  logic [Parts-1:0] cfg_chunk_part, cfg_axon_part;
  assign cfg_entry = {Parts{cfg_data_i}};
  assign cfg_first = `SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_FIRST, FirstBits);
  assign unused_cfg = ^{cfg_entry, cfg_word_i, cfg_part_i[7:2]};
  always_comb begin
    for (int p = 0; p < Parts; p++) begin
      cfg_chunk_part[p] = cfg_chunk_we_i && 32'(cfg_part_i[1:0]) == p;
      cfg_axon_part[p] = cfg_axon_we_i && 32'(cfg_part_i[1:0]) == p;
    end
  end

  // Steps: the row in the last stage, and with it a bit, is done; the chunk is done too.
  logic step, chunk_step;

  // Find a chunk.
  logic find_q;
  assign page_take_o = find_q && chunk_step;
  always_ff @(posedge clk_i) begin
    if (rst_i) find_q <= 1'b0;
    else if (en_i) find_q <= page_start_i || (find_q && !(chunk_step && !page_any_i));
  end

  // Read chunk table and page.
  logic read_valid_q, read_end_q;
  logic [EntryBits-1:0] read_entry_q, entry_address;
  logic entry_read;
  assign entry_address = chunk_step ? ctx_chunk_i[EntryBits-1:0] + EntryBits'(page_chunk_i) : read_entry_q;
  assign entry_read = en_i && (chunk_step ? find_q && page_any_i : read_valid_q && !read_end_q);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      read_valid_q <= 1'b0;
      read_end_q <= 1'b0;
    end else if (en_i && chunk_step) begin
      read_valid_q <= find_q;
      read_end_q <= find_q && !page_any_i;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && chunk_step) read_entry_q <= entry_address;
  end

  // An entry's three parts: where and how (low), which groups (mid), how to go on (high). Those of the axon
  // table are the same but for first's width, per_axon and stride, which stand on top.
  localparam int unsigned How = ShiftBits + 1 + spikeloom_pkg::MEM_CHUNK_ENTRY_FORMAT_W;
  localparam int unsigned Low = How + 1 + FirstBits;
  localparam int unsigned Mid = 3 * CountBits;
  localparam int unsigned ChunkMid = Sums != 0 ? Mid + 2 : Mid;  // half, value
  localparam int unsigned High = 3 * CountBits;
  logic [Low-1:0] entry_low;
  logic [ChunkMid-1:0] entry_mid;
  logic [High-1:0] entry_high;
  logic [How-1:0] cfg_how;
  logic [Mid-1:0] cfg_mid;
  logic [Mid+1:0] cfg_chunk_mid;
  logic [2*CountBits-1:0] cfg_jumps;
  assign cfg_how = {`SPIKELOOM_FIELD(cfg_entry, MEM_CHUNK_ENTRY_FORMAT),
                    `SPIKELOOM_FIELD(cfg_entry, MEM_CHUNK_ENTRY_NEGATE),
                    `SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_SHIFT, ShiftBits)};
  assign cfg_mid = {`SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_REPEATS, CountBits),
                    `SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_OFFSET, CountBits),
                    `SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_WORDS, CountBits)};
  assign cfg_chunk_mid = {`SPIKELOOM_FIELD(cfg_entry, MEM_CHUNK_ENTRY_HALF),
                          `SPIKELOOM_FIELD(cfg_entry, MEM_CHUNK_ENTRY_VALUE), cfg_mid};
  assign cfg_jumps = {`SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_WEIGHT_JUMP, CountBits),
                      `SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_JUMP, CountBits)};
  ram_sdp #(.Width(Low), .Depth(ChunkEntries)) u_chunk_low (
      .clk_i, .rst_i,
      .write_enable_i(cfg_chunk_part[0]), .write_address_i(cfg_word_i[EntryBits-1:0]),
      .write_data_i({`SPIKELOOM_FIELD(cfg_entry, MEM_CHUNK_ENTRY_PER_AXON), cfg_how, cfg_first}),
      .read_enable_i(entry_read), .read_address_i(entry_address), .read_data_o(entry_low));
  ram_sdp #(.Width(ChunkMid), .Depth(ChunkEntries)) u_chunk_mid (
      .clk_i, .rst_i,
      .write_enable_i(cfg_chunk_part[1]), .write_address_i(cfg_word_i[EntryBits-1:0]),
      .write_data_i(cfg_chunk_mid[ChunkMid-1:0]),
      .read_enable_i(entry_read), .read_address_i(entry_address), .read_data_o(entry_mid));
  ram_sdp #(.Width(High), .Depth(ChunkEntries)) u_chunk_high (
      .clk_i, .rst_i,
      .write_enable_i(cfg_chunk_part[2]), .write_address_i(cfg_word_i[EntryBits-1:0]),
      .write_data_i({`SPIKELOOM_LOW(cfg_entry, MEM_CHUNK_ENTRY_STRIDE, CountBits), cfg_jumps}),
      .read_enable_i(entry_read), .read_address_i(entry_address), .read_data_o(entry_high));

  // Find a bit.
  logic scan_valid_q, scan_end_q;
  logic [spikeloom_pkg::CHUNK_BITS-1:0] scan_mask_q, scan_rest;
  logic [Low-1:0] scan_low_q;
  logic [ChunkMid-1:0] scan_mid_q;
  logic [High-1:0] scan_high_q;
  logic scan_any, scan_row, scan_per_axon, scan_value;
  logic [3:0] scan_bit;
  first_one #(.Width(spikeloom_pkg::CHUNK_BITS)) u_bit (
      .bits_i(scan_mask_q), .any_o(scan_any), .index_o(scan_bit));
  assign scan_value = Sums != 0 && scan_mid_q[ChunkMid-2];
  assign scan_rest = scan_mask_q & (scan_mask_q - 1'b1) & {spikeloom_pkg::CHUNK_BITS{!scan_value}};
  assign scan_row = scan_valid_q && !scan_end_q && scan_any;
  assign scan_per_axon = scan_low_q[Low-1];
  assign chunk_step = step && (!scan_valid_q || scan_end_q || scan_rest == '0);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      scan_valid_q <= 1'b0;
      scan_end_q <= 1'b0;
    end else if (en_i && chunk_step) begin
      scan_valid_q <= read_valid_q;
      scan_end_q <= read_end_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && step) scan_mask_q <= chunk_step ? page_mask_i : scan_rest;
    if (en_i && chunk_step) begin
      scan_low_q <= entry_low;
      scan_mid_q <= entry_mid;
      scan_high_q <= entry_high;
    end
  end

  // Read the axon table, or have a uniform row ready beside it.
  logic row_valid_q, row_end_q, row_axon_q;
  logic [3:0] row_bit_q;
  logic [Low-1:0] row_low_q;
  logic [ChunkMid-1:0] row_mid_q;
  logic [High-1:0] row_high_q;
  logic [AxonBits-1:0] row_axon_address_q, axon_address;
  logic axon_read;
  assign axon_address = step ? scan_low_q[AxonBits-1:0] + AxonBits'(scan_bit) : row_axon_address_q;
  assign axon_read = en_i && (step ? scan_row && scan_per_axon : row_axon_q);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      row_valid_q <= 1'b0;
      row_end_q <= 1'b0;
      row_axon_q <= 1'b0;
    end else if (en_i && step) begin
      row_valid_q <= scan_row;
      row_end_q <= scan_end_q;
      row_axon_q <= scan_row && scan_per_axon;
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i && step) begin
      row_bit_q <= scan_bit;
      row_low_q <= scan_low_q;
      row_mid_q <= scan_mid_q;
      row_high_q <= scan_high_q;
      row_axon_address_q <= axon_address;
    end
  end

  logic [CountBits-1:0] row_stride;
  assign row_stride = row_high_q[High-1-:CountBits];
  logic unused_row;
  assign unused_row = ^{ctx_chunk_i, page_chunk_i, row_high_q, row_low_q, cfg_chunk_mid};

  localparam int unsigned AxonLow = How + RowBits;
  localparam int unsigned AxonHigh = 2 * CountBits;
  logic [AxonLow-1:0] axon_low;
  logic [Mid-1:0] axon_mid, mid;
  logic [AxonHigh-1:0] axon_high, high;
  logic [RowBits-1:0] uniform_first, first;
  logic [How-1:0] how;
  ram_sdp #(.Width(AxonLow), .Depth(AxonEntries)) u_axon_low (
      .clk_i, .rst_i,
      .write_enable_i(cfg_axon_part[0]), .write_address_i(cfg_word_i[AxonBits-1:0]),
      .write_data_i({cfg_how, cfg_first[RowBits-1:0]}),
      .read_enable_i(axon_read), .read_address_i(axon_address), .read_data_o(axon_low));
  ram_sdp #(.Width(Mid), .Depth(AxonEntries)) u_axon_mid (
      .clk_i, .rst_i,
      .write_enable_i(cfg_axon_part[1]), .write_address_i(cfg_word_i[AxonBits-1:0]),
      .write_data_i(cfg_mid),
      .read_enable_i(axon_read), .read_address_i(axon_address), .read_data_o(axon_mid));
  ram_sdp #(.Width(AxonHigh), .Depth(AxonEntries)) u_axon_high (
      .clk_i, .rst_i,
      .write_enable_i(cfg_axon_part[2]), .write_address_i(cfg_word_i[AxonBits-1:0]),
      .write_data_i(cfg_jumps),
      .read_enable_i(axon_read), .read_address_i(axon_address), .read_data_o(axon_high));

  assign uniform_first =
      row_low_q[RowBits-1:0] + RowBits'((CountBits + 4)'(row_bit_q) * (CountBits + 4)'(row_stride));
  assign first = row_axon_q ? axon_low[RowBits-1:0] : uniform_first;
  assign how = row_axon_q ? axon_low[AxonLow-1-:How] : row_low_q[Low-2-:How];
  assign mid = row_axon_q ? axon_mid : row_mid_q[Mid-1:0];
  assign high = row_axon_q ? axon_high : row_high_q[AxonHigh-1:0];

  // Walk the row. last_q: the row's last word; segment_last_q: its segment's last word.
  logic last_q, segment_last_q, walk_q;
  logic [CountBits-1:0] left_q, words_q, repeats_q, group_q, jump_q;
  logic [CountBits-1:0] words, offset, repeats, jump, weight_jump;
  logic [RowBits-1:0] position_q, weight_jump_q;
  logic [1:0] format, format_q;
  logic [ShiftBits-1:0] shift_q;
  logic negate_q;
  assign step = last_q;
  assign {repeats, offset, words} = mid;
  assign {weight_jump, jump} = high;
  assign format = how[How-1-:2];

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      last_q <= 1'b1;
      walk_q <= 1'b0;
      end_o <= 1'b0;
    end else if (en_i) begin
      if (step) begin
        last_q <= !row_valid_q || (32'(words) <= 1 && (words == '0 || repeats == '0));
        walk_q <= row_valid_q && words != '0;
        end_o <= row_end_q;
      end else if (segment_last_q) begin
        last_q <= words_q == CountBits'(1) && repeats_q == CountBits'(1);
      end else begin
        last_q <= 32'(left_q) == 2 && repeats_q == '0;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (step) begin
        segment_last_q <= 32'(words) <= 1;
        left_q <= words;
        words_q <= words;
        repeats_q <= repeats;
        position_q <= position(first, format);
        group_q <= offset;
        jump_q <= jump;
        weight_jump_q <= position(RowBits'(weight_jump), format);
        {format_q, negate_q, shift_q} <= how;
      end else begin
        segment_last_q <= segment_last_q ? words_q == CountBits'(1) : 32'(left_q) == 2;
        left_q <= segment_last_q ? words_q : left_q - 1'b1;
        if (segment_last_q) repeats_q <= repeats_q - 1'b1;
        position_q <= position_q + (segment_last_q ? weight_jump_q : position(RowBits'(1), format_q));
        group_q <= group_q + (segment_last_q ? jump_q : CountBits'(1));
      end
    end
  end

  assign word_valid_o = walk_q;
  assign word_address_o = position_q[RowBits-1-:WeightBits];
  if (SubBits > 0) begin : gen_sub
    assign word_sub_o = position_q[SubBits-1:0];
  end else begin : gen_no_sub
    assign word_sub_o = '0;
  end
  assign word_format_o = format_q;
  assign word_group_o = group_q;
  assign word_shift_o = shift_q;
  assign word_negate_o = negate_q;

  // A number's half is a row of one word; its bits go along.
  if (Sums != 0) begin : gen_numbers
    logic [spikeloom_pkg::CHUNK_BITS-1:0] row_bits_q;
    always_ff @(posedge clk_i) begin
      if (en_i && step) begin
        row_bits_q <= scan_mask_q;
        word_bits_o <= row_bits_q;
        {word_half_o, word_value_o} <= row_mid_q[ChunkMid-1-:2];
        word_lane_o <= row_low_q[LaneBits-1:0];
      end
    end
  end else begin : gen_no_numbers
    assign {word_value_o, word_half_o, word_lane_o, word_bits_o} = '0;
  end

  `SPIKELOOM_ASSUME(one_page, !(en_i && page_start_i) || !(find_q || read_valid_q || scan_valid_q))
  `SPIKELOOM_ASSUME(chunk_is_in_the_page, !(en_i && find_q && page_any_i) || 32'(page_chunk_i) < PageChunks)
  `SPIKELOOM_CHECK(word_in_range, !walk_q || word_value_o || 32'(word_address_o) < WeightWords)
  `SPIKELOOM_CHECK(shift_in_range, !walk_q || 32'(shift_q) < MaxShift + 1)
  `SPIKELOOM_CHECK(format_exists, !walk_q || 1'(WeightFormats >> format_q))
endmodule
