"""What people of the demo are called and what they say. All fictional."""

SURNAMES = list(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁韦马方俞任袁柳唐罗薛雷贺倪汤"
)
GIVEN_F = [
    "婷",
    "敏",
    "雪梅",
    "晓燕",
    "佳怡",
    "丽华",
    "思琪",
    "春兰",
    "雅静",
    "梦瑶",
    "玉珍",
    "海燕",
    "若溪",
    "欣然",
]
GIVEN_M = [
    "强",
    "建国",
    "志远",
    "浩然",
    "子轩",
    "文博",
    "国庆",
    "俊杰",
    "伟",
    "立新",
    "家明",
    "宏宇",
    "思远",
    "天佑",
]
DISTRICTS = ["城东", "城西", "滨江", "高新", "新区", "老城", "开发区", "湖滨"]
ROOMS = ["客厅", "主卧", "厨房", "玄关", "书房", "阳台"]

#: (login, 中文名, English name, tier, teams, languages and special skills, levels by product skill)
STAFF = [
    ("linxiao", "林晓", "Lin Xiao", "L1", ["online-1", "vip"]),
    ("zhoukai", "周凯", "Zhou Kai", "L1", ["online-1"]),
    ("xuman", "许曼", "Xu Man", "L1", ["online-1", "video"]),
    ("fanyi", "范懿", "Fan Yi", "L1", ["online-1"]),
    ("tangli", "唐莉", "Tang Li", "L1", ["online-2", "vip"]),
    ("gaofei", "高飞", "Gao Fei", "L1", ["online-2"]),
    ("jiangnan", "江楠", "Jiang Nan", "L1", ["online-2", "ecommerce"]),
    ("luohao", "罗昊", "Luo Hao", "L1", ["online-2"]),
    ("shenyu", "沈语", "Shen Yu", "L1", ["phone-1", "complaint"]),
    ("weilan", "魏岚", "Wei Lan", "L1", ["phone-1"]),
    ("duanrui", "段睿", "Duan Rui", "L1", ["phone-1", "ecommerce"]),
    ("miaoqing", "苗青", "Miao Qing", "L1", ["complaint", "online-1"]),
    ("heting", "何婷", "He Ting", "L2", ["l2-connect"]),
    ("pengbo", "彭博", "Peng Bo", "L2", ["l2-connect", "l2-broadband"]),
    ("kongde", "孔德", "Kong De", "L2", ["l2-appliance"]),
    ("yansong", "严松", "Yan Song", "L2", ["l2-appliance"]),
    ("baijing", "白静", "Bai Jing", "L2", ["l2-security"]),
    ("shiyuan", "石原", "Shi Yuan", "L2", ["l2-broadband"]),
    ("moxuan", "莫轩", "Mo Xuan", "L3", ["experts"]),
    ("aining", "艾宁", "Ai Ning", "L1", ["aftercare"]),
    ("yuefan", "岳凡", "Yue Fan", "L1", ["aftercare"]),
]

#: (login, 中文名, English name, role)
OTHERS = [
    ("admin", "管理员", "Administrator", "administrator"),
    ("qinlan", "秦岚", "Qin Lan", "supervisor"),
    ("zhaoyi", "赵毅", "Zhao Yi", "quality"),
    ("songwen", "宋文", "Song Wen", "editor"),
]

#: problem code → (product lines, what customers write, what L1 answers, solution, root cause, chance of L2)
STORIES: dict[str, tuple[list[str], list[str], list[str], str, str, float]] = {
    "connect-pairing": (
        ["lock", "vacuum", "camera", "speaker", "sensor", "purifier"],
        [
            "新买回来配网一直停在八成，重来三遍都这样",
            "换了光纤以后设备加不进去了，密码肯定没输错",
            "手机搜不到设备的热点，灯倒是在快闪",
            "提示密码错误，可是手机用这个密码能上网",
            "扫了机身二维码没有任何反应",
        ],
        ["请先确认手机连的是 2.4G 的 Wi-Fi，设备不支持 5G 频段。改好后长按配网键 5 秒，灯快闪时再试一次。"],
        "paired-again",
        "use-setting",
        0.05,
    ),
    "connect-offline": (
        ["camera", "ac", "router", "curtain", "lock", "gateway"],
        [
            "App 里这台一直是灰的，别的设备都正常",
            "每天半夜准时掉线，早上自己又好了",
            "出差两天，家里的设备全显示离线",
            "路由器没动过，就这一台连不上",
        ],
        [
            "我看到设备最后一次在线是昨晚。请先给设备断电 10 秒再通电，路由器也重启一次，两分钟后告诉我灯的颜色。"
        ],
        "restarted",
        "network-home",
        0.15,
    ),
    "connect-offline-firmware": (
        ["gateway"],
        [
            "昨晚网关自己升级完就离线，门锁和灯全控制不了",
            "网关升到 2.4.0 以后报 N05，重启好几次都没用",
            "升级之后网关红灯慢闪，家里的场景全停了",
        ],
        [
            "这批网关升级到 2.4.0 后会和云端断开，不是您操作的问题。我先把日志转给二线，修复版 2.4.2 推送后会自动恢复。"
        ],
        "firmware-updated",
        "software-firmware",
        0.8,
    ),
    "control-voice": (
        ["speaker", "ac"],
        ["叫好几遍才答应一次，隔壁房间更听不见", "说打开客厅灯，它总说找不到设备", "老人说话它基本听不懂"],
        ["请在 App 里打开“声音增强”，并把音箱挪到离电视两米以外。设备名称改成两到四个字会更容易识别。"],
        "settings-changed",
        "use-setting",
        0.05,
    ),
    "software-firmware": (
        ["camera", "vacuum", "lock", "router"],
        ["升级到一半停电了，现在灯一直亮着", "检测不到新版本，同小区邻居都升了", "想问下怎么关掉自动升级"],
        ["请先把设备接上电源，等 15 分钟不要断电；如果进度还不动，再按住复位键 10 秒恢复。"],
        "firmware-updated",
        "software-firmware",
        0.2,
    ),
    "linkage-not-triggered": (
        ["sensor", "curtain", "gateway"],
        [
            "回家以后灯不亮了，昨天还好好的",
            "晚上的窗帘场景这周只执行过一次",
            "我改过一次条件之后联动就再没动过",
        ],
        ["我看到场景里的人体传感器电量不足，换上 CR2450 电池后再触发一次，通常就恢复了。"],
        "settings-changed",
        "use-consumable",
        0.08,
    ),
    "ecosystem-third-party": (
        ["speaker", "curtain", "gateway"],
        [
            "手机自带的智能家居平台授权总失败",
            "能不能用别的音箱控制我家的窗帘电机",
            "授权过期以后设备名字全乱了",
        ],
        ["请在第三方平台里先解绑，再用同一个手机号重新授权，地区要选中国大陆。完成后点一次“同步设备”。"],
        "account-fixed",
        "design-compatibility",
        0.1,
    ),
    "hardware-cooling": (
        ["ac", "fridge"],
        [
            "开了一下午只出风不凉，面板显示 E3",
            "冷藏室结了厚厚一层霜，菜都冻坏了",
            "空调开制冷半小时还是 30 度",
        ],
        ["E3 是制冷剂保护，请先关机断电，不要自行加氟。我给您约师傅上门检测，明天上午 9 点到 11 点方便吗？"],
        "repaired",
        "manufacture-assembly",
        0.45,
    ),
    "hardware-water": (
        ["washer", "ac", "purifier"],
        ["洗到一半停了，显示 E20，水排不出去", "室内机一直往下滴水，墙都湿了", "净水器下面渗水，擦干又有"],
        ["请先断电，关掉进水阀。E20 多半是排水过滤器堵了：在机身右下角旋开盖子，底下放个浅盘接水再清理。"],
        "guided",
        "use-consumable",
        0.2,
    ),
    "hardware-noise": (
        ["washer", "fridge", "vacuum"],
        ["脱水的时候整台机器往外走", "半夜冰箱嗡嗡响，睡不着", "扫地机一边轮子咔咔响"],
        ["请用手机水平仪看一下机身是否水平，四个脚都要压实。调平后空转一次脱水，再听听看。"],
        "guided",
        "installation-site",
        0.15,
    ),
    "hardware-fingerprint": (
        ["lock"],
        ["手指洗干净了还是识别不了", "录了三个指纹，只有一个能开", "锁屏一直提示电量低，刚换的电池"],
        ["请删掉旧指纹，擦干手指和识别面后，同一根手指从正面和两侧各录一次。"],
        "settings-changed",
        "use-setting",
        0.12,
    ),
    "hardware-ignition": (
        ["heater"],
        ["洗澡洗到一半熄火，显示 E2", "打不着火，啪啪响两声就停"],
        ["请先确认燃气总阀开着、水压正常。E2 连续出现请停用，我安排师傅带检测表上门。"],
        "part-replaced",
        "supplier-incoming",
        0.5,
    ),
    "safety-gas": (
        ["heater"],
        ["厨房有股臭鸡蛋味，热水器报 EG", "阳台闻到煤气味，不敢动"],
        [
            "请不要开关任何电器，不要点火。关总阀、开窗，马上离开到室外再拨燃气公司或 119。我已通知负责人，3 分钟内打给您。"
        ],
        "repaired",
        "installation-work",
        1.0,
    ),
    "safety-fire": (
        ["oven", "ac"],
        ["插头那里冒烟了，一股糊味", "烤箱后面起了火星，已经拔了插头"],
        ["请保持断电，人先离开，不要用水。我已转给安全专家，他马上和您联系，并安排上门取证检测。"],
        "exchanged",
        "manufacture-test",
        1.0,
    ),
    "service-install": (
        ["ac", "heater", "lock", "purifier"],
        ["货到了三天还没人联系安装", "周末能不能来装，平时家里没人", "想改到下周三下午安装"],
        ["已经帮您约到周六上午 9 点到 11 点，师傅出发前会给您打电话。"],
        "installed",
        "service-timeliness",
        0.03,
    ),
    "service-progress": (
        ["ac", "washer", "fridge", "modem"],
        ["说好今天上午到，现在都没消息", "我的单子处理到哪一步了", "这是第三次问进度了，能不能给个准话"],
        ["您的单子现在在备件环节，配件今天下午到杭州总仓，师傅明天上午上门。之后有变化我会先告诉您。"],
        "explained",
        "supply-chain-part",
        0.05,
    ),
    "trade-return": (
        ["vacuum", "camera", "oven", "speaker"],
        ["买了五天就开不了机，想退掉", "包装拆了还能退吗", "外壳有一道划痕，想换一台"],
        ["购买 7 天内出现性能故障可以退货、换货或修理。我先给您开退货单，快递明天上门取件，运费由我们承担。"],
        "exchanged",
        "manufacture-test",
        0.05,
    ),
    "trade-invoice": (
        ["ac", "fridge", "washer", "oven"],
        ["发票开成个人的了，要改成公司抬头", "电子发票一直没收到", "两个订单能开在一张上吗"],
        ["已经按新抬头重开，旧发票作废，新的十分钟内发到您的邮箱。"],
        "document-issued",
        "policy-charge",
        0.0,
    ),
    "warranty-check": (
        ["lock", "ac", "washer", "heater"],
        ["想查一下我这台还在不在保修期", "没有发票还能保修吗"],
        ["查到您的设备从购买之日起整机保修一年，现在仍在保。没有发票的话按激活日期计算。"],
        "explained",
        "policy-warranty",
        0.0,
    ),
    "telecom-los": (
        ["modem"],
        ["光猫上一个灯一直红，家里全断网", "早上起来红灯，重启光猫也不行"],
        ["红灯表示光信号没有进来，请不要看光纤接口。我查一下您小区的线路，两小时内给您结果。"],
        "network-restored",
        "network-line",
        0.6,
    ),
    "telecom-slow": (
        ["router", "modem"],
        ["晚上八点以后看视频一直缓冲", "办的一千兆，测速只有两百"],
        ["请用网线直连光猫再测一次；如果直连正常，就是无线信道拥挤，我可以帮您换到 36 信道。"],
        "settings-changed",
        "network-home",
        0.15,
    ),
    "feedback-complaint": (
        ["ac", "modem", "lock"],
        ["师傅态度太差，我要投诉", "没解决就把单子关了，要个说法"],
        ["非常抱歉让您遇到这样的事。我来负责这件事，今天 18 点前给您处理方案。"],
        "compensated",
        "service-attitude",
        0.3,
    ),
}

CUSTOMER_FOLLOW_UPS = [
    "照您说的做了，好像可以了",
    "试了一遍，灯变绿了",
    "还是不行，第三步做不了",
    "现在正常了，我再观察一晚上",
    "拍了照片，麻烦看一下",
]
THANKS = ["谢谢", "好的，谢谢", "明白了", "可以了，多谢"]
RESOLUTIONS = [
    "已经处理好了，请您再用一天看看。有问题直接在这里回复就行。",
    "问题已解决。请您确认一下，不方便的话三天后会自动结单。",
]
STEPS = [
    "断电重启；换 2.4G 重新配网；恢复出厂后再试",
    "清理过滤器；检查排水管高度；执行自检",
    "核对固件版本；读取错误码；路由器改信道",
]
EVIDENCE = [
    "错误码 {code}，固件 {firmware}，客户照片一张",
    "自检结果不通过，序列号 {serial}",
    "客户视频显示红灯慢闪，已连报三次 {code}",
]
NOTES = [
    "客户家里有老人，尽量一次说清楚",
    "和昨天那张像是同一批，先留意",
    "已核对订单，确实在保",
    "客户晚上七点后方便接电话",
]
GOOD_COMMENTS = ["回复很快，讲得清楚", "第一次就解决了", "态度很好", ""]
BAD_COMMENTS = ["等了太久才有人理", "说好今天来又改期", "问了三遍一样的问题", "没真正解决"]
REOPEN_WORDS = ["又不行了，和上次一模一样", "刚好了半天又离线了"]
#: what people add; nothing in it names a problem
TAILS = [
    "，{room}那台",
    "。买了{months}个月",
    "，麻烦尽快看看",
    "，{room}的，用了{months}个月了",
    "。白天要上班，晚上联系我",
    "，之前问过一次",
    "。老人在家，急",
]
#: what hardly anybody says
ODD_TAILS = [
    "，旁边养了鹦鹉",
    "，就在鱼缸后面",
    "，家里在办喜事",
    "，隔壁在练钢琴",
    "，阳台种了蒲公英",
    "，上周刚搬来天文望远镜",
    "，楼上是舞蹈教室",
    "，屋里放着古筝",
    "，柜子上是孩子的积木城堡",
    "，窗外正对着摩天轮",
]
