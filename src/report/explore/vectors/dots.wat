;; Dot products of a query with vectors in eight bits: what an explorer's search does a million times. `dots.ts` says what lies in the memory, and
;; `dots-wasm.ts` holds the bytes of this text.
(module
  (import "dots" "memory" (memory 1))
  ;; $values: $count vectors of $stride bytes, one after the other; $query: as many parts of sixteen bits; $sums: $count places of 32 bits for what
  ;; comes of it. $stride is a multiple of 16, and neither of the two is 0.
  (func (export "dots")
    (param $values i32) (param $query i32) (param $sums i32) (param $stride i32) (param $count i32)
    (local $end i32) (local $part i32) (local $eight v128) (local $sum v128)
    (loop $rows
      (local.set $end (i32.add (local.get $values) (local.get $stride)))
      (local.set $part (local.get $query))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (loop $parts
        (local.set $eight (v128.load (local.get $values)))
        (local.set $sum
          (i32x4.add
            (local.get $sum)
            (i32x4.add
              (i32x4.dot_i16x8_s
                (i16x8.extend_low_i8x16_s (local.get $eight))
                (v128.load (local.get $part)))
              (i32x4.dot_i16x8_s
                (i16x8.extend_high_i8x16_s (local.get $eight))
                (v128.load offset=16 (local.get $part))))))
        (local.set $part (i32.add (local.get $part) (i32.const 32)))
        (br_if $parts
          (i32.lt_u
            (local.tee $values (i32.add (local.get $values) (i32.const 16)))
            (local.get $end))))
      (i32.store
        (local.get $sums)
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
          (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
      (local.set $sums (i32.add (local.get $sums) (i32.const 4)))
      (br_if $rows (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
