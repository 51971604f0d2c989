"""What the REST doors of every app share: who asks, what an error looks like, how it is documented.

`config.api` joins the apps' doors at /api/v1/; they may not import it, so what they need lies here.
"""
