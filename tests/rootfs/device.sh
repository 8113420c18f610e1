# what the kernel says about the board and its flash

board_name
#> generic

mkdir tmp/sysinfo; echo 'vendor,a model' >tmp/sysinfo/board_name; board_name
#> vendor,a model

mkdir -p proc/device-tree; printf 'vendor,model\0vendor,chip\0' >proc/device-tree/compatible; board_name
#> vendor,model

echo 'console=ttyS0,115200 root=/dev/sda a=b=c glob=* xroot=no quiet' >proc/cmdline
cmdline_get_var root; cmdline_get_var console; cmdline_get_var a; cmdline_get_var glob
cmdline_get_var quiet; echo $?; cmdline_get_var oot; echo $?
#> /dev/sda
#> ttyS0,115200
#> b=c
#> *
#> 1
#> 1

cat >proc/mtd <<'END'
dev:    size   erasesize  name
mtd0: 00040000 00010000 "u-boot"
mtd1: 00f00000 00010000 "firmware"
mtd2: 00d00000 00010000 "my rootfs"
mtd10: 00010000 00010000 "fw"
END
find_mtd_index firmware; find_mtd_part firmware; find_mtd_part 'my rootfs'; find_mtd_index fw
for name in firm rootfs '"fw"' '*' ''; do find_mtd_index "$name"; find_mtd_part "$name"; echo $?; done
#> 1
#> /dev/mtdblock1
#> /dev/mtdblock2
#> 10
#> 1
#> 1
#> 1
#> 1
#> 1

echo 'mtd3: 00010000 00010000 "art"' >proc/mtd; mkdir dev/mtdblock; find_mtd_part art
#> /dev/mtdblock/3

find_mtd_index a; echo $?; find_mtd_part a; echo $?; find_mmc_part a; echo $?
#> 1
#> 1
#> 1

for n in 1 2; do mkdir -p sys/block/mmcblk0/mmcblk0p$n sys/block/mmcblk1/mmcblk1p$n; done
printf 'DEVNAME=mmcblk0p1\nPARTNAME=kernel\n' >sys/block/mmcblk0/mmcblk0p1/uevent
printf 'PARTNAME=my root\n' >sys/block/mmcblk0/mmcblk0p2/uevent
printf 'PARTNAME=kernel\n' >sys/block/mmcblk1/mmcblk1p2/uevent
find_mmc_part kernel; find_mmc_part 'my root'; find_mmc_part kernel mmcblk1; find_mmc_part nothing; echo $?
echo 'mtd3: 00010000 00010000 "kernel"' >proc/mtd; find_mmc_part kernel; echo $?
#> /dev/mmcblk0p1
#> /dev/mmcblk0p2
#> /dev/mmcblk1p2
#> 1
#> 1

printf '\001\000\377\000\000\nXX\000' >file
get_hex file 0 9; get_hex file 1 1; get_hex file 0x3 2; get_hex file 6 2
get_hex file 5 5; echo $?; get_hex file 100 1; echo $?; get_hex nothing 0 1; echo $?
#> 0100ff00000a585800
#> 00
#> 0000
#> 5858
#> 1
#> 1
#> 1
