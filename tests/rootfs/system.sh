# hardware addresses

. lib/functions/system.sh
for a in 02:11:22:AA:bb:ff 021122AABBFF 02-11-22-aa-bb-ff '"02:11:22:aa:bb:ff"' 2:11:22:aa:bb:ff; do macaddr_canonicalize "$a"; done
for a in '' 02:11:22:aa:bb 02:11:22:aa:bb:ff:00 0211 02:11:22:aa:bb:gg 02:11:22:aa:bb:fff 02::22:aa:bb:ff 'a;echo no'; do macaddr_canonicalize "$a"; echo $?; done
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:ff
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1

. lib/functions/system.sh
macaddr_add 02:11:22:aa:bb:ff 1; macaddr_add 02:11:22:ff:ff:ff 2; macaddr_add 02:11:22:00:00:00 -1; macaddr_add 02:11:22:00:00:00 0x10
macaddr_add nonsense 1; echo $?; macaddr_add fe:ff:ff:00:00:09 1
#> 02:11:22:aa:bc:00
#> 02:11:22:00:00:01
#> 02:11:22:ff:ff:ff
#> 02:11:22:00:00:10
#> 1
#> fe:ff:ff:00:00:0a

. lib/functions/system.sh
macaddr_setbit_la 00:11:22:33:44:55; macaddr_setbit_la 02:11:22:33:44:55; macaddr_unsetbit_mc 03:11:22:33:44:55
macaddr_setbit 00:00:00:00:00:00 1; macaddr_setbit 00:00:00:00:00:00 48; macaddr_unsetbit ff:ff:ff:ff:ff:ff 25
macaddr_setbit 00:00:00:00:00:00 49; echo $?; macaddr_unsetbit 00:00:00:00:00:00 0; echo $?; macaddr_setbit x 1; echo $?
#> 02:11:22:33:44:55
#> 02:11:22:33:44:55
#> 02:11:22:33:44:55
#> 80:00:00:00:00:00
#> 00:00:00:00:00:01
#> ff:ff:ff:7f:ff:ff
#> 1
#> 1
#> 1

. lib/functions/system.sh
macaddr_geteui 02:11:22:AA:bb:ff; macaddr_geteui 02:11:22:aa:bb:ff :; macaddr_2bin 00:0a:41:42:ff:00 >file; get_hex file 0 6
#> aabbff
#> aa:bb:ff
#> 000a4142ff00

. lib/functions/system.sh
head -c 64 /dev/urandom >dev/urandom; mac="$(macaddr_random)"; [ "$mac" = "$(macaddr_canonicalize "$mac")" ]; echo $?
case $((0x${mac%%:*} & 3)) in 2) echo local ;; esac
#> 0
#> local

. lib/functions/system.sh
echo 'mtd1: 00010000 00010000 "factory"' >proc/mtd; printf 'xxxx\002\000\000\001\002\003yyy 02:11:22:aa:bb:ff z' >dev/mtd1
find_mtd_chardev factory; find_mtd_chardev nothing; echo $?
mtd_get_mac_binary factory 4; mtd_get_mac_binary factory 0x4; get_mac_binary dev/mtd1 4; mtd_get_mac_text factory 14; mtd_get_mac_text factory 0xe 17
mtd_get_mac_binary factory 1000; echo $?; mtd_get_mac_text factory 0; echo $?; mtd_get_mac_binary nothing 4; echo $?; get_mac_binary nothing 4; echo $?
mtd_get_part_size factory; mtd_get_part_size nothing; echo $?
#> /dev/mtd1
#> 1
#> 02:00:00:01:02:03
#> 02:00:00:01:02:03
#> 02:00:00:01:02:03
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:ff
#> 1
#> 1
#> 1
#> 1
#> 65536
#> 1

. lib/functions/system.sh
echo 'mtd1: 00010000 00010000 "u-boot-env"' >proc/mtd
printf '\001\002\003\377\001bootcmd=run x\0xethaddr=00:00:00:00:00:00\0ethaddr=02:11:22:AA:BB:ff\0eth1addr="021122aabbcc"\0serial=1\0\0\377\377' >dev/mtd1
mtd_get_mac_ascii u-boot-env ethaddr; mtd_get_mac_ascii u-boot-env eth1addr; get_mac_ascii dev/mtd1 ethaddr
mtd_get_mac_ascii u-boot-env serial; echo $?; mtd_get_mac_ascii u-boot-env nothing; echo $?; mtd_get_mac_ascii nothing ethaddr; echo $?
#> 02:11:22:aa:bb:ff
#> 02:11:22:aa:bb:cc
#> 02:11:22:aa:bb:ff
#> 1
#> 1
#> 1

. lib/functions/system.sh
mkdir -p sys/class/ubi/ubi0_3 sys/class/ubi/ubi0_4; echo data >sys/class/ubi/ubi0_3/name; echo factory >sys/class/ubi/ubi0_4/name
printf '\000\002\000\000\001\002\003' >dev/ubi0_4; mtd_get_mac_binary_ubi factory 1; mtd_get_mac_binary_ubi nothing 1; echo $?
#> 02:00:00:01:02:03
#> 1

. lib/functions/system.sh
mkdir -p sys/block/mmcblk0/mmcblk0p7; echo PARTNAME=factory >sys/block/mmcblk0/mmcblk0p7/uevent
printf 'mac=02:00:00:01:02:03\n' >dev/mmcblk0p7
mmc_get_mac_ascii factory mac; mmc_get_mac_binary factory 0; mmc_get_mac_ascii nothing mac; echo $?
#> 02:00:00:01:02:03
#> 6d:61:63:3d:30:32
#> 1
