# what the upgrade scripts of boards call

include "$IPKG_INSTROOT/lib/upgrade"
printf '\047\005\031\126image' >plain; gzip -c plain >packed
get_image plain | cmp - plain && echo same; get_image packed | cmp - plain && echo same
get_magic_word plain; get_magic_long plain; get_magic_word packed; get_magic_long packed
get_image_dd packed bs=1 skip=4 count=3; echo
printf a >short; get_magic_word short; echo $?; get_magic_long nothing; echo $?
#> same
#> same
#> 2705
#> 27051956
#> 2705
#> 27051956
#> ima
#> 1
#> 1

. lib/upgrade/common.sh
v loud 2>said; VERBOSE=0; v quiet 2>>said; while read -r line; do echo "${line##* upgrade: }"; done <said
#> loud

. lib/upgrade/common.sh
mtd() { echo "mtd $*"; cat; echo; }; sync() { :; }
printf image >plain; gzip -c plain >packed
(default_do_upgrade plain); PART_NAME=firmware; (default_do_upgrade packed)
UPGRADE_BACKUP=/tmp/sysupgrade.tgz MTD_ARGS=-f; (default_do_upgrade packed)
#> mtd write - image
#> image
#> mtd write - firmware
#> image
#> mtd -f -j /tmp/sysupgrade.tgz write - firmware
#> image

. lib/upgrade/common.sh
mtd() { cat >/dev/null; echo written; }; sync() { :; }
head -c 3000 "$IPKG_INSTROOT/lib/functions.sh" | gzip >whole; head -c 500 whole >cut
(default_do_upgrade cut; echo not here); echo $?; (default_do_upgrade nothing; echo not here); echo $?
mtd() { cat >/dev/null; return 1; }; (default_do_upgrade whole; echo not here); echo $?
#> 1
#> 1
#> 1

. lib/upgrade/common.sh
mtd() { echo "mtd $*"; }
UPGRADE_BACKUP=/tmp/sysupgrade.tgz; jffs2_copy_config; echo $?
echo 'mtd1: 00010000 00010000 "rootfs_data"' >proc/mtd; jffs2_copy_config; UPGRADE_BACKUP=; jffs2_copy_config; echo $?
#> 0
#> mtd -e rootfs_data jffs2write /tmp/sysupgrade.tgz rootfs_data
#> 0

. lib/upgrade/common.sh
mkdir -p sys/block/sda/sda2 sys/block/mmcblk0/mmcblk0p2 sys/class/block/sda sys/class/block/sda2
echo 8:0 >sys/block/sda/dev; echo 179:8 >sys/block/mmcblk0/dev; echo 8:0 >sys/class/block/sda/dev; echo 8:2 >sys/class/block/sda2/dev
for root in /dev/mmcblk0p2 /dev/sda2 /dev/sda; do echo "quiet root=$root rw" >proc/cmdline; export_bootdevice; echo $? $BOOTDEV_MAJOR $BOOTDEV_MINOR; done
export_partdevice disk 0; export_partdevice part 2; echo $disk $part; env | grep '^part='
export_partdevice part 3; echo $?; export_partdevice 'part;echo no' 2; echo $?
for root in /dev/sdb1 LABEL=x ''; do echo "quiet root=$root" >proc/cmdline; export_bootdevice; echo $?; done; echo quiet >proc/cmdline; export_bootdevice; echo $?
#> 0 179 8
#> 0 8 0
#> 0 8 0
#> sda sda2
#> part=sda2
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1

. lib/upgrade/common.sh
mkdir -p sys/block/sda sys/block/sdb sys/block/sdc; echo 8:0 >sys/block/sda/dev; echo 8:16 >sys/block/sdb/dev; echo 8:32 >sys/block/sdc/dev
{ head -c 440 /dev/zero; printf '\001\002\003\364'; head -c 100 /dev/zero; } >dev/sda
{ head -c 512 /dev/zero; printf 'EFI PART'; head -c 520 /dev/zero; printf '\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020'; head -c 112 /dev/zero; printf '\021\002\003\004\005\006\007\010\011\012\013\014\015\016\017\252'; head -c 200 /dev/zero; } >dev/sdb
for id in f4030201-02 F4030201-01 04030201-0605-0807-090a-0b0c0d0e0f10 04030211-0605-0807-090A-0B0C0D0E0FAA/PARTNROFF=1 00000000-0000-0000-0000-000000000000 ffffffff-01 x; do
BOOTDEV_MINOR=; echo "root=PARTUUID=$id" >proc/cmdline; export_bootdevice; echo $? $BOOTDEV_MINOR; done
#> 0 0
#> 0 0
#> 0 16
#> 0 16
#> 1
#> 1
#> 1
